package dev.emberkv.peers.work;

import dev.emberkv.bench.workload.Distribution;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.Scatter;
import java.io.Serializable;
import java.util.Locale;

/** Which rows are asked for: a distribution that every store sees the same way. */
public sealed interface KeySource extends Serializable {
  /** Opens the stream of keys; a pure function of rows and seed. */
  KeyStream open(long rows, long seed);

  /** Returns the share of requests that go to the {@code top} most popular of all rows. */
  double shareOfTop(long top, long rows);

  /** Every row as often as any other. */
  record Uniform() implements KeySource {
    @Override
    public KeyStream open(long rows, long seed) {
      return KeyStream.of(Distribution.UNIFORM, rows, seed);
    }

    @Override
    public double shareOfTop(long top, long rows) {
      return Distribution.UNIFORM.shareOfTop(top, rows);
    }

    @Override
    public String toString() {
      return "uniform";
    }
  }

  /** The row of rank r in proportion to r^-exponent. */
  record Zipf(double exponent) implements KeySource {
    @Override
    public KeyStream open(long rows, long seed) {
      return KeyStream.of(new Distribution(exponent), rows, seed);
    }

    @Override
    public double shareOfTop(long top, long rows) {
      return new Distribution(exponent).shareOfTop(top, rows);
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "zipf %.2f", exponent);
    }
  }

  /** The shape of production embedding traffic; see {@link EmbeddingShape}. */
  record Embedding() implements KeySource {
    @Override
    public KeyStream open(long rows, long seed) {
      EmbeddingShape shape = new EmbeddingShape(rows);
      Scatter order = new Scatter(shape.accesses());
      Scatter places = new Scatter(rows);
      return KeyStream.cycle(
          shape.accesses(), seed, access -> places.of(shape.idOf(order.of(access))));
    }

    @Override
    public double shareOfTop(long top, long rows) {
      return new EmbeddingShape(rows).shareOfTop(top);
    }

    @Override
    public String toString() {
      return "embedding traffic";
    }
  }

  /** A recorded trace, see {@link Trace}. */
  record Recorded(String file) implements KeySource {
    @Override
    public KeyStream open(long rows, long seed) {
      return Trace.read(file).open(rows, seed);
    }

    @Override
    public double shareOfTop(long top, long rows) {
      return Trace.read(file).shareOfTop(top, rows);
    }

    @Override
    public String toString() {
      return "real trace";
    }
  }
}
