package dev.emberkv.peers.run;

import dev.emberkv.peers.work.KeySource;
import dev.emberkv.peers.work.WorkSpec;
import dev.emberkv.peers.work.WorkSpec.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run measures, and for how long.
 *
 * @param quick whether it is the short one
 * @param rows rows that are looked up
 * @param rowBytes width of a row
 * @param rounds how often every store has its turn at each work
 * @param sliceSeconds length of a turn
 * @param warmSeconds longest warm-up of a store under a budget
 * @param watchSeconds length of the overwriting
 * @param trace a recorded trace, or null when none is at hand
 * @param peers the stores
 */
public record Plan(
    boolean quick,
    long rows,
    int rowBytes,
    int rounds,
    double sliceSeconds,
    double warmSeconds,
    double watchSeconds,
    @Nullable Path trace,
    List<Peer> peers) {
  private static final int BATCH = 8192;
  private static final int SMALL_BATCH = 128;
  private static final int PUSH_SHARE = 16;
  private static final long LEAST_BUDGET_BYTES = 16L << 20;
  private static final KeySource UNIFORM = new KeySource.Uniform();
  private static final KeySource ZIPF = new KeySource.Zipf(0.99);

  /** The works that the goals are about. */
  public static final WorkSpec ZIPF_BATCHES = new WorkSpec(Kind.LOOKUP, ZIPF, BATCH);

  /** Single gets of skewed keys. */
  public static final WorkSpec ZIPF_GETS = new WorkSpec(Kind.LOOKUP, ZIPF, 1);

  /** Batches of a size that requests have. */
  public static final WorkSpec ZIPF_SMALL = new WorkSpec(Kind.LOOKUP, ZIPF, SMALL_BATCH);

  /** Batches without a hot set. */
  public static final WorkSpec UNIFORM_BATCHES = new WorkSpec(Kind.LOOKUP, UNIFORM, BATCH);

  /** What is done while throughput is watched. */
  static final WorkSpec WATCHED = new WorkSpec(Kind.OVERWRITE, UNIFORM, BATCH);

  private static final WorkSpec MIXED = new WorkSpec(Kind.MIXED, ZIPF, SMALL_BATCH);
  private static final WorkSpec PUSH = new WorkSpec(Kind.PUSH, ZIPF, BATCH);
  private static final WorkSpec EMBEDDING =
      new WorkSpec(Kind.LOOKUP, new KeySource.Embedding(), BATCH);

  /** Returns the rows that gradients go to, beside the others. */
  long pushRows() {
    return Math.max(1, rows / PUSH_SHARE);
  }

  /** Returns the bytes of the rows that are looked up. */
  public long dataBytes() {
    return rows * rowBytes;
  }

  /** Returns the bytes of DRAM that a budget is. */
  public long budgetBytes(Budget budget) {
    return budget.bytes(dataBytes());
  }

  /** Returns the budgets that are more than a store's fixed buffers. */
  public List<Budget> budgets() {
    return Arrays.stream(Budget.values())
        .filter(budget -> budgetBytes(budget) >= LEAST_BUDGET_BYTES)
        .toList();
  }

  /** Returns what is measured under a budget. */
  List<WorkSpec> works(Budget budget) {
    List<WorkSpec> works = new ArrayList<>();
    boolean all = budget == Budget.ALL;
    if (budget != Budget.TWENTIETH && !quick) {
      works.add(new WorkSpec(Kind.LOOKUP, UNIFORM, 1));
      works.add(new WorkSpec(Kind.LOOKUP, UNIFORM, SMALL_BATCH));
    }
    works.add(UNIFORM_BATCHES);
    if (budget != Budget.TWENTIETH || !quick) {
      works.add(ZIPF_GETS);
      works.add(ZIPF_SMALL);
    }
    works.add(ZIPF_BATCHES);
    if (budget != Budget.TWENTIETH || !quick) {
      works.add(MIXED);
    }
    if (all || (!quick && budget == Budget.QUARTER)) {
      works.add(PUSH);
    }
    if (budget != Budget.TWENTIETH || !quick) {
      works.add(EMBEDDING);
      if (trace != null) {
        works.add(new WorkSpec(Kind.LOOKUP, new KeySource.Recorded(trace.toString()), BATCH));
      }
    }
    return works;
  }

  /** Returns the stores that can run under a budget. */
  List<Peer> peers(Budget budget) {
    return peers.stream().filter(peer -> budget == Budget.ALL || peer.lasts()).toList();
  }
}
