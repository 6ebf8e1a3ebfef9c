package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.KeyHash;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * One push to a table: checks it, sees to it that its token is applied once, and runs its parts
 * under one sequence number.
 *
 * <p>Used by one thread.
 */
final class RowPush {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The rows of a part take at most this share of the DRAM tier. */
  private static final int DRAM_SHARE = 4;

  private static final long TOKEN_SEED = 0x8ebc6af09c88c6e3L;

  private final RowTable table;
  private final Tiers tiers;
  private final MemorySegment keys;
  private final MemorySegment gradients;
  private final double learningRate;
  private final byte @Nullable [] token;
  private final long givenTime;
  private final @Nullable MemorySegment shows;
  private final @Nullable MemorySegment clicks;

  /**
   * Checks a push.
   *
   * @throws IllegalArgumentException when the table does not learn, the sizes do not match, a
   *     gradient is not finite and the table refuses those, or shows or clicks are not counts or
   *     the rows have no scores
   */
  RowPush(
      RowTable table,
      Tiers tiers,
      MemorySegment keys,
      MemorySegment gradients,
      PushOptions options) {
    this.table = table;
    this.tiers = tiers;
    this.keys = keys;
    this.gradients = gradients;
    Optimizer optimizer = table.spec().optimizer();
    this.learningRate = options.learningRate().orElse(optimizer.learningRate());
    this.token = options.token();
    this.givenTime = options.timeSeconds();
    this.shows = options.shows();
    this.clicks = options.clicks();
    if (!optimizer.learns()) {
      throw new IllegalArgumentException(
          "table %s has no optimizer that a push could run".formatted(table.spec().name()));
    }
    long count = RowTable.countOf(keys);
    if (count > GradientBatch.MAX_KEYS) {
      throw new IllegalArgumentException(
          "a push has at most %d keys, not %d".formatted(GradientBatch.MAX_KEYS, count));
    }
    int dim = table.spec().dim();
    long expectedBytes = count * dim * Float.BYTES;
    if (gradients.byteSize() != expectedBytes) {
      throw new IllegalArgumentException(
          "gradients has %d bytes, %d keys of table %s with %d f32 values each have %d"
              .formatted(gradients.byteSize(), count, table.spec().name(), dim, expectedBytes));
    }
    if (optimizer.rejectsNan()) {
      requireFinite(dim);
    }
    requireCounts("shows", shows, count);
    requireCounts("clicks", clicks, count);
  }

  private void requireCounts(String name, @Nullable MemorySegment values, long count) {
    if (values == null) {
      return;
    }
    if (table.spec().expiry().scores() == null) {
      throw new IllegalArgumentException(
          "rows of table %s have no scores that %s could count for"
              .formatted(table.spec().name(), name));
    }
    if (values.byteSize() != count * Float.BYTES) {
      throw new IllegalArgumentException(
          "%s has %d bytes, one f32 for each of %d keys takes %d"
              .formatted(name, values.byteSize(), count, count * Float.BYTES));
    }
    for (long i = 0; i < count; i++) {
      float value = values.get(FLOAT, i * Float.BYTES);
      if (!(value >= 0) || value == Float.POSITIVE_INFINITY) {
        throw new IllegalArgumentException(
            "%s of key %s, row %d of the push, must be 0 or more, not %s"
                .formatted(
                    name,
                    Long.toUnsignedString(
                        keys.get(ValueLayout.JAVA_LONG_UNALIGNED, i * Long.BYTES)),
                    i,
                    value));
      }
    }
  }

  private void requireFinite(int dim) {
    long values = gradients.byteSize() / Float.BYTES;
    for (long i = 0; i < values; i++) {
      float value = gradients.get(FLOAT, i * Float.BYTES);
      if (!Float.isFinite(value)) {
        long row = i / dim;
        throw new IllegalArgumentException(
            "the gradient of key %s, row %d of the push, is %s in column %d"
                .formatted(
                    Long.toUnsignedString(
                        keys.get(ValueLayout.JAVA_LONG_UNALIGNED, row * Long.BYTES)),
                    row,
                    value,
                    i % dim));
      }
    }
  }

  /** Runs the push; false when one with its token was applied before. */
  boolean run() {
    if (token == null) {
      runIn(table.keyspace());
      return true;
    }
    String name = PushTokens.keyOf(token);
    Keyspace keyspace = table.keyspace();
    boolean ran = false;
    while (!ran) {
      PushTokens tokens = keyspace.tokens;
      if (!tokens.begin(name)) {
        tiers.acknowledge(); // the other push may still be waiting for that
        return false;
      }
      boolean failed = true;
      try {
        ran = runIn(keyspace);
        failed = false;
      } finally {
        tokens.end(name, failed, tiers.log()::markDead);
      }
      keyspace = table.keyspace();
    }
    return true;
  }

  /** Runs the push; false when the table was cleared and has another keyspace. */
  private boolean runIn(Keyspace expected) {
    TableSpec spec = table.spec();
    GradientBatch batch = new GradientBatch(keys, gradients, spec.dim(), expected::hash);
    int payloadBytes = table.layout().payloadBytes();
    DiskSpace space = tiers.space();
    long admitted =
        space.admit(
            (batch.count() + 1) * DiskSpace.logBytes(payloadBytes) + RecordFormat.PAGE_BYTES);
    try (Guard guard = tiers.epoch().enter()) {
      Keyspace keyspace = table.keyspace();
      if (token != null && keyspace != expected) {
        return false;
      }
      int time = keyspace.stampTime(givenTime);
      try (GradientStep steps =
          new GradientStep(
              spec,
              table.initializer(),
              batch,
              learningRate,
              keyspace.gate,
              tokenHash(),
              scoreStep(batch, time))) {
        runParts(keyspace, batch, steps, time, guard);
      }
    } finally {
      space.done(admitted);
    }
    tiers.acknowledge();
    return true;
  }

  private @Nullable ScoreStep scoreStep(GradientBatch batch, int time) {
    Scores scores = table.spec().expiry().scores();
    return scores == null
        ? null
        : new ScoreStep(new RowScore(scores, table.layout()), batch, shows, clicks, time);
  }

  private long tokenHash() {
    return token == null ? 0 : KeyHash.ofBytes(token, TOKEN_SEED);
  }

  private void runParts(
      Keyspace keyspace, GradientBatch batch, GradientStep steps, int time, Guard guard) {
    int count = batch.count();
    int most = partKeys(steps.payloadBytes());
    MemorySegment ids = batch.ids();
    BatchPush start = new BatchPush(keyspace, tiers, steps, ids, 0, Math.min(most, count), guard);
    start.readCold();
    Lock lock = tiers.writesThrough() ? table.wholeBatches().writeLock() : tiers.clock().uncut();
    lock.lock();
    try {
      tiers.write(
          count + (token == null ? 0 : 1),
          time,
          stamp -> {
            logToken(keyspace, stamp);
            start.apply(stamp);
            for (int first = most; first < count; first += most) {
              int size = Math.min(most, count - first);
              BatchPush part = new BatchPush(keyspace, tiers, steps, ids, first, size, guard);
              part.readCold();
              part.apply(stamp);
            }
          });
    } finally {
      lock.unlock();
    }
  }

  /** Returns how many rows are brought into DRAM before the first of them is changed. */
  private int partKeys(int payloadBytes) {
    long rows = tiers.slabs().limitBytes() / DRAM_SHARE / Slot.bytesFor(payloadBytes);
    return Math.clamp(rows, BatchScratch.CHUNK, RowTable.MAX_BATCH);
  }

  private void logToken(Keyspace keyspace, Stamp stamp) {
    if (token != null) {
      long record =
          tiers
              .log()
              .append(
                  tiers.loggedKind(RecordFormat.TOKEN, stamp),
                  keyspace.id,
                  0,
                  stamp.sequence(),
                  stamp.time(),
                  MemorySegment.ofArray(token));
      keyspace.tokens.logged(PushTokens.keyOf(token), record);
    }
  }
}
