package dev.emberkv.bench.workload;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.ValueLayout;
import org.HdrHistogram.Histogram;

/**
 * The limit that a lookup is measured against: the same rows in a plain array on huge pages, where
 * the key is the place, gathered without an index.
 *
 * <p>Reads are thread-safe. The owner closes it when no gather runs.
 */
public final class PlainArray implements AutoCloseable {
  private final NativeMemory memory;
  private final RowPattern pattern;

  private PlainArray(NativeMemory memory, RowPattern pattern) {
    this.memory = memory;
    this.pattern = pattern;
  }

  /** Maps the array and fills in the rows of the keys 0..rows-1. */
  public static PlainArray of(long rows, RowPattern pattern) {
    NativeMemory memory = NativeMemory.reserve(Math.multiplyExact(rows, pattern.rowBytes()));
    for (long key = 0; key < rows; key++) {
      pattern.fill(key, memory.segment(), key * pattern.rowBytes());
    }
    return new PlainArray(memory, pattern);
  }

  /** Returns a gatherer of {@code batch} rows a call; with 1, one row after the other. */
  public Work gathers(KeyStream stream, int batch) {
    return batch == 1
        ? new Gather(this, new RowBatch(stream, pattern, TableWork.SINGLE_CALLS, 1), 0)
        : new Gather(this, new RowBatch(stream, pattern, batch, batch), pattern.rowBytes());
  }

  /** Unmaps the array. */
  @Override
  public void close() {
    memory.close();
  }

  /** Copies each row to the place {@code stride} bytes behind the last one's. */
  private record Gather(PlainArray array, RowBatch batch, int stride) implements Work {
    @Override
    public void prepare() {
      batch.draw();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      long base = array.memory.address();
      long target = batch.rows().address();
      int rowBytes = array.pattern.rowBytes();
      for (int i = 0; i < batch.count(); i++) {
        long key = batch.keys().getAtIndex(ValueLayout.JAVA_LONG, i);
        // Between addresses: with a segment, the compiler speculates on its bounds in this loop, is
        // wrong, and gives up after some rounds; the limit would then be the interpreter's.
        RawMemory.copy(base + key * rowBytes, target + (long) i * stride, rowBytes);
      }
      latenciesNanos.recordValue(System.nanoTime() - start);
      return batch.count();
    }

    @Override
    public void verify() {
      if (stride == 0) {
        batch.requireFirstRow(batch.key(batch.count() - 1));
      } else {
        batch.requireSample();
      }
    }
  }
}
