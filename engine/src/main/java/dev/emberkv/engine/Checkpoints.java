package dev.emberkv.engine;

import dev.emberkv.compaction.DigestArchive;
import dev.emberkv.compaction.DigestId;
import dev.emberkv.compaction.KeptPayload;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.index.Catalog;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What checkpoints leave in the catalog for the next start: digests of the log's sealed segments.
 * The start replays these and reads only the segments that have none. See
 * docs/adr/0010-checkpoints.md.
 *
 * <p>Thread-safe.
 */
final class Checkpoints implements DigestArchive {
  /** What {@link Recovery} has to see of a payload. */
  static final KeptPayload KEPT =
      (kind, payload, bytes) ->
          kind == RecordFormat.STRING ? StringRow.HEAD_BYTES + StringRow.keyBytes(payload) : bytes;

  /** The way in which digests are written. */
  private static final int VERSION = 1;

  private static final int HEAD_BYTES = Integer.BYTES + 3 * Long.BYTES;

  private final Catalog catalog;
  private final Map<Integer, DigestId> known = new ConcurrentHashMap<>();
  private final AtomicLong writtenBytes = new AtomicLong();

  /** Finds what there is in a catalog. */
  Checkpoints(Catalog catalog) {
    this.catalog = catalog;
    catalog
        .digestHeads()
        .forEach((segment, head) -> {
          ByteBuffer fields = ByteBuffer.wrap(head);
          if (head.length == HEAD_BYTES && fields.getInt() == VERSION) {
            known.put(
                segment,
                new DigestId(segment, fields.getLong(), fields.getLong(), fields.getLong()));
          }
        });
  }

  /** Brings the catalog up to date with what the log has on stable storage. */
  synchronized void update(SegmentedLog log) {
    writtenBytes.addAndGet(log.archive(this, KEPT));
  }

  /** Returns how many bytes checkpoints have put into the catalog since the store was opened. */
  long writtenBytes() {
    return writtenBytes.get();
  }

  @Override
  public boolean has(DigestId id) {
    return id.equals(known.get(id.segment()));
  }

  @Override
  public byte @Nullable [][] find(DigestId id) {
    return has(id) ? catalog.digest(id.segment()) : null;
  }

  @Override
  public void put(DigestId id, byte[][] pieces) {
    ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).putInt(VERSION);
    head.putLong(id.generation()).putLong(id.salt()).putLong(id.seal());
    known.remove(id.segment());
    catalog.putDigest(id.segment(), head.array(), pieces);
    known.put(id.segment(), id);
  }

  @Override
  public void retain(Set<DigestId> current) {
    List<Integer> stale = new ArrayList<>();
    known.forEach((segment, id) -> {
      if (!current.contains(id)) {
        stale.add(segment);
      }
    });
    catalog.removeDigests(stale);
    stale.forEach(known::remove);
  }
}
