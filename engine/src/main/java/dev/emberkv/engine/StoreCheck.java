package dev.emberkv.engine;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.index.Catalog;
import dev.emberkv.uring.IoBackend;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a store's whole log and verifies every record. The store must not be open. As at every
 * start, a torn tail is cut.
 */
public final class StoreCheck {
  /** How many damaged places are listed. */
  private static final int MAX_LISTED = 1000;

  private StoreCheck() {}

  /**
   * What a check found.
   *
   * @param records records whose checksum is right
   * @param payloadBytes what they hold
   * @param damagedPlaces how many stretches are damaged
   * @param damage the first of them, each with segment, offset and what should have been there
   */
  public record Report(long records, long payloadBytes, long damagedPlaces, List<String> damage) {}

  /**
   * Checks the store of a directory.
   *
   * @throws IllegalArgumentException when there is none
   * @throws dev.emberkv.index.CatalogException when it is open, or of another format
   * @throws dev.emberkv.uring.IoFailure when the device fails
   */
  public static Report run(StoreOptions options) {
    if (!Files.exists(options.directory().resolve(SegmentedLog.VOLUME_NAME))) {
      throw new IllegalArgumentException("no store in " + options.directory());
    }
    try (Catalog catalog = Catalog.openOrReplace(options.directory());
        IoBackend backend = IoBackend.open(options.ioMode())) {
      long storeId = catalog.made() ? LogOptions.ANY_STORE : catalog.storeId();
      LogOptions logOptions = Sizing.of(options).log(storeId);
      try (SegmentedLog log = SegmentedLog.open(backend, options.directory(), logOptions)) {
        if (catalog.made()) {
          catalog.adopt(log.storeId());
        }
        Census census = new Census();
        log.scan(census);
        return new Report(census.records, census.payloadBytes, census.damagedPlaces, census.damage);
      }
    }
  }

  /** Counts what a scan meets. */
  private static final class Census implements RecordVisitor {
    private final List<String> damage = new ArrayList<>();
    private long damagedPlaces;
    private long records;
    private long payloadBytes;

    @Override
    public void record(
        long location,
        int kind,
        int table,
        long key,
        long sequence,
        int timeSeconds,
        long payloadAddress,
        int bytes) {
      records++;
      payloadBytes += bytes;
    }

    @Override
    public void corrupt(long segment, long offset, String expected) {
      damagedPlaces++;
      if (damage.size() < MAX_LISTED) {
        damage.add("segment %d, offset %d: expected %s".formatted(segment, offset, expected));
      }
    }
  }
}
