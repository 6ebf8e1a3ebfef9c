package dev.emberkv.peers.store;

import java.io.Serializable;

/**
 * What a store asked of the device since its process began.
 *
 * @param coldRows rows that were not answered from DRAM; for a store that does not count them, the
 *     reads that its process made, or its faults on mapped pages
 * @param readBytes bytes that the process had read from the device
 * @param writeBytes bytes that the process had written to the device, or into the page cache
 */
public record Activity(long coldRows, long readBytes, long writeBytes) implements Serializable {
  /** Returns what was asked since an earlier reading. */
  public Activity since(Activity earlier) {
    return new Activity(
        coldRows - earlier.coldRows,
        readBytes - earlier.readBytes,
        writeBytes - earlier.writeBytes);
  }
}
