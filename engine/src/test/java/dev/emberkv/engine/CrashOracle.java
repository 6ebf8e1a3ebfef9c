package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Knows from outside of a store which batches began and were acknowledged, in which order, and says
 * whether what a crash left can be. Batches that overlapped may have come in either order.
 *
 * <p>Thread-safe.
 */
final class CrashOracle {
  private final Durability durability;
  private final int[] before;
  private final Map<Integer, Call> calls = new HashMap<>();
  private final List<List<Call>> byKey = new ArrayList<>();
  private long clock;
  private long flushBegun = -1;
  private long durableUpTo = -1;
  private long lastFlushEnded = -1;

  /** A batch in flight or done. */
  private static final class Call {
    final CrashWorkload.Batch batch;
    final long begun;
    long ended = Long.MAX_VALUE;

    Call(CrashWorkload.Batch batch, long begun) {
      this.batch = batch;
      this.begun = begun;
    }

    int result() {
      return batch.kind == CrashWorkload.Kind.PUT ? batch.id : 0;
    }
  }

  /** Starts with a store that holds for each key what this batch wrote, 0 for nothing. */
  CrashOracle(Durability durability, int[] before) {
    this.durability = durability;
    this.before = before.clone();
    for (int key = 0; key < before.length; key++) {
      byKey.add(new ArrayList<>());
    }
  }

  synchronized void begun(CrashWorkload.Batch batch) {
    Call call = new Call(batch, clock++);
    calls.put(batch.id, call);
    for (int key : CrashWorkload.changed(batch)) {
      byKey.get(key).add(call);
    }
  }

  synchronized void ended(CrashWorkload.Batch batch) {
    Objects.requireNonNull(calls.get(batch.id)).ended = clock++;
  }

  /** Notes that a flush begins; flushes come one after the other. */
  synchronized void flushBegun() {
    flushBegun = clock++;
  }

  synchronized void flushEnded() {
    durableUpTo = flushBegun;
    lastFlushEnded = clock++;
    flushBegun = -1;
  }

  synchronized int batches() {
    return calls.size();
  }

  /** Throws when what was found after a crash can't be. */
  synchronized void check(int[] found) {
    for (int key = 0; key < found.length; key++) {
      if (found[key] != before[key] && !explains(byKey.get(key), found[key], -1)) {
        throw new AssertionError(
            "key %d is of batch %d, which never wrote it or is behind the last checkpoint"
                .formatted(key, found[key]));
      }
    }
    for (Call call : calls.values()) {
      boolean seen = false;
      for (int key : CrashWorkload.changed(call.batch)) {
        seen |= call.result() != 0 && found[key] == call.batch.id;
      }
      boolean durable =
          durability == Durability.ALWAYS ? call.ended != Long.MAX_VALUE : call.ended < durableUpTo;
      if (seen || durable) {
        checkWhole(call, found, durable ? "acknowledged" : "seen in part");
      }
    }
  }

  private void checkWhole(Call call, int[] found, String why) {
    for (int key : CrashWorkload.changed(call.batch)) {
      if (found[key] != call.result() && !explains(byKey.get(key), found[key], call.begun)) {
        throw new AssertionError(
            "batch %d (%s of %d keys, %s) is not whole: key %d is of batch %d"
                .formatted(
                    call.batch.id, call.batch.kind, call.batch.keys.length, why, key, found[key]));
      }
    }
  }

  /** Returns whether one of the calls that did not end before a time can have left this. */
  private boolean explains(List<Call> candidates, int result, long since) {
    for (Call call : candidates) {
      if (call.result() == result && call.ended > since && !isLost(call)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns whether a call must be gone: with checkpoints, what began behind the last one, unless
   * another was under way.
   */
  private boolean isLost(Call call) {
    return durability == Durability.CHECKPOINT && flushBegun < 0 && call.begun > lastFlushEnded;
  }
}
