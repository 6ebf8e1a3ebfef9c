package dev.emberkv.peers.store;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * memcached with extstore over a loopback connection: values that memory has no room for are in a
 * file.
 */
final class MemcachedRows extends WireRows {
  /** More than a buffer of the server's own would make the client wait for nothing. */
  private static final int KEYS_A_GET = 100;

  MemcachedRows(StorePlace place) {
    super(
        place,
        port ->
            List.of(
                "memcached",
                "-l",
                "127.0.0.1",
                "-p",
                Integer.toString(port),
                "-U",
                "0",
                "-u",
                "root",
                "-t",
                Integer.toString(Runtime.getRuntime().availableProcessors()),
                "-m",
                Long.toString(Math.max(64, place.memoryBytes() >> 20)),
                "-o",
                "ext_path=%s:%dG,ext_item_size=64,ext_threads=8,hashpower=%d"
                    .formatted(
                        place.file("extstore"),
                        2 + ((place.rows() * place.rowBytes() * 4) >> 30),
                        hashPower(place))));
  }

  private static int hashPower(StorePlace place) {
    return Math.clamp(Long.SIZE - Long.numberOfLeadingZeros(place.rows()), 16, 30);
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    buffers.key(0, key);
    request(buffers, 0, 1);
    wire.flush();
    rows(buffers, 0, 1);
  }

  @Override
  public void lookup(RowBuffers buffers, int count) {
    // One request is under way while the answer to the one before it is read.
    int asked = Math.min(KEYS_A_GET, count);
    request(buffers, 0, asked);
    wire.flush();
    for (int first = 0; first < count; ) {
      int next = Math.min(asked + KEYS_A_GET, count);
      if (next > asked) {
        request(buffers, asked, next);
        wire.flush();
      }
      rows(buffers, first, asked);
      first = asked;
      asked = next;
    }
  }

  private void request(RowBuffers buffers, int from, int to) {
    wire.text("get");
    for (int i = from; i < to; i++) {
      wire.text(" ").number(buffers.key(i));
    }
    wire.text("\r\n");
  }

  /** Rows come in the order of the keys, and a missing one does not come. */
  private void rows(RowBuffers buffers, int from, int to) {
    String end = " 0 " + buffers.rowBytes();
    for (int i = from; i < to; i++) {
      String line = wire.line();
      if (!line.equals("VALUE " + buffers.key(i) + end)) {
        throw new IllegalStateException("row " + buffers.key(i) + " was dropped: " + line);
      }
      wire.receive(buffers.rows(), buffers.offset(i), buffers.rowBytes());
      wire.end();
    }
    String line = wire.line();
    if (!line.equals("END")) {
      throw new IllegalStateException("memcached answered " + line);
    }
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    String tail = " 0 0 " + buffers.rowBytes() + " noreply\r\n";
    for (int i = 0; i < count; i++) {
      wire.text("set ").number(buffers.key(i)).text(tail);
      wire.bytes(buffers.rows(), buffers.offset(i), buffers.rowBytes()).text("\r\n");
    }
    wire.text("version\r\n"); // answered when everything before it was done
    wire.flush();
    String answer = wire.line();
    if (!answer.startsWith("VERSION ")) {
      throw new IllegalStateException("memcached answered " + answer);
    }
  }

  @Override
  long deviceReads() {
    return statistic("get_extstore");
  }

  private long statistic(String name) {
    wire.text("stats\r\n").flush();
    long value = 0;
    for (String line = wire.line(); !line.equals("END"); line = wire.line()) {
      if (line.startsWith("STAT " + name + " ")) {
        value = Long.parseLong(line.substring(name.length() + 6));
      }
    }
    return value;
  }

  @Override
  public String version() {
    return Wire.versionOf("memcached", "--version");
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("budget", "-m, and the page cache for the file; 64 MB at least");
    settings.put("extstore", "values from 64 bytes on, 8 threads");
    settings.put("calls", "get of 100 keys, one ahead; set noreply; one loopback connection");
    settings.put(
        "durability", "none: a cache, which drops rows when memory has no room for their heads");
    return settings;
  }
}
