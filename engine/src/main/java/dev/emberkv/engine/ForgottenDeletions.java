package dev.emberkv.engine;

import dev.emberkv.index.Catalog;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Up to which sequence number deletions of each table may be missing from the log, because cleaning
 * had no more need of their tombstones. The catalog knows it before the log has lost them; where
 * the catalog was lost, all deletions of the time before count as forgotten.
 *
 * <p>Thread-safe.
 */
final class ForgottenDeletions {
  private static final String BASE = "deletions-known-since";
  private static final String TABLE = "deletions-forgotten-";

  private final Catalog catalog;
  private final Map<Integer, Long> newest = new HashMap<>();
  private long base;

  ForgottenDeletions(Catalog catalog) {
    this.catalog = catalog;
  }

  /**
   * Takes up what the catalog has.
   *
   * @param newestSequence the highest number of the log as the store opens
   */
  synchronized void startAfter(long newestSequence) {
    byte @Nullable [] known = catalog.get(BASE);
    if (known == null) {
      base = newestSequence;
      catalog.put(BASE, bytes(base));
    } else {
      base = ByteBuffer.wrap(known).getLong();
    }
  }

  /** Returns the number behind which all deletions of a table are known. */
  synchronized long of(int table) {
    return newest.computeIfAbsent(table, this::stored);
  }

  private long stored(int table) {
    byte @Nullable [] stored = catalog.get(TABLE + table);
    return stored == null ? base : Math.max(base, ByteBuffer.wrap(stored).getLong());
  }

  /** Notes, durably, that deletions of some tables up to these numbers are about to be lost. */
  synchronized void forget(Map<Integer, Long> sequences) {
    Map<String, byte[]> news = new HashMap<>();
    sequences.forEach((table, sequence) -> {
      if (sequence > of(table)) {
        newest.put(table, sequence);
        news.put(TABLE + table, bytes(sequence));
      }
    });
    if (!news.isEmpty()) {
      catalog.put(news);
    }
  }

  private static byte[] bytes(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }
}
