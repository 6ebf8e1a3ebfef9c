package dev.emberkv.bench.jmh;

import dev.emberkv.bench.workload.Distribution;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One probe of the index: from a key's hash to its location, without touching the row. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@NullUnmarked // JMH fills in the fields
public class IndexProbe {
  private static final int PROBES = 8192;
  private static final long SEED = 42;

  /** Keys in the index. */
  @Param({"100000", "4000000"})
  public long rows;

  private HashIndex index;
  private KeyStream keys;
  private final long[] hashes = new long[PROBES];

  /** Fills the index. */
  @Setup
  public void fill() {
    index = HashIndex.create(location -> KeyHash.ofId(Location.granule(location), SEED));
    for (long key = 0; key < rows; key++) {
      long hash = KeyHash.ofId(key, SEED);
      long home = index.lock(hash);
      index.insert(home, hash, Location.dram(key));
      HashIndex.unlock(home);
    }
    keys = KeyStream.of(Distribution.UNIFORM, rows, 1);
  }

  /** Draws the keys of the next invocation, outside the measured time. */
  @Setup(Level.Invocation)
  public void draw() {
    for (int i = 0; i < PROBES; i++) {
      hashes[i] = KeyHash.ofId(keys.next(), SEED);
    }
  }

  /** Probes that do not depend on each other, as those of a batch do not. */
  @Benchmark
  @OperationsPerInvocation(PROBES)
  public long independent() {
    long sum = 0;
    for (long hash : hashes) {
      sum += index.lookup(hash);
    }
    return sum;
  }

  /** Probes each of which waits for the one before it: the latency of one. */
  @Benchmark
  @OperationsPerInvocation(PROBES)
  public long dependent() {
    long last = 0;
    for (long hash : hashes) {
      last = index.lookup(hash ^ (last >>> 63)); // locations are not negative: the key stays
    }
    return last;
  }

  /** Frees the index. */
  @TearDown
  public void close() {
    index.close();
  }
}
