package dev.emberkv.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

final class WorkThreadsTest {
  /** Moves ten rows in about a millisecond, and is idle about as long before. */
  private static final class Sleeper implements Work {
    private int steps;

    @Override
    public void prepare() {
      sleep();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      if (steps == 20) {
        return 0;
      }
      long start = System.nanoTime();
      sleep();
      latenciesNanos.recordValue(System.nanoTime() - start);
      steps++;
      return 10;
    }

    @Override
    public void verify() {}

    private static void sleep() {
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void givenWorksWithAnEndWhenRunToItThenAllRowsAreCounted() throws InterruptedException {
    AtomicLong told = new AtomicLong();

    Measurement measured =
        WorkThreads.runToEnd(List.of(new Sleeper(), new Sleeper()), told::addAndGet);

    assertThat(measured.rows()).isEqualTo(400);
    assertThat(told).hasValue(400);
    assertThat(measured.threads()).hasSize(2);
    assertThat(measured.micros(50)).isBetween(900.0, 100_000.0);
  }

  @Test
  void givenIdleTimeBetweenStepsWhenMeasuredThenOnlyTheWallRateSuffers()
      throws InterruptedException {
    Measurement measured = WorkThreads.runToEnd(List.of(new Sleeper()), rows -> {});

    assertThat(measured.wallRowsPerSecond()).isLessThan(0.8 * measured.rowsPerSecond());
  }

  @Test
  void givenTwoSlicesWhenAddedThenRowsTimeAndLatenciesAreTheSum() throws InterruptedException {
    Measurement one = WorkThreads.runToEnd(List.of(new Sleeper()), rows -> {});
    Measurement two = WorkThreads.run(List.of(new Sleeper()), 0.01, rows -> {});

    Measurement both = one.plus(two);

    assertThat(both.rows()).isEqualTo(one.rows() + two.rows());
    assertThat(both.seconds()).isCloseTo(one.seconds() + two.seconds(), within(1e-9));
    assertThat(both.threads().getFirst().latenciesNanos().getTotalCount())
        .isEqualTo(both.rows() / 10);
  }

  @Test
  void givenAWorkThatFailsWhenRunThenItsFailureIsTheCallers() {
    Work failing =
        new Work() {
          @Override
          public void prepare() {}

          @Override
          public long run(Histogram latenciesNanos) {
            return 1;
          }

          @Override
          public void verify() {
            throw new IllegalStateException("a row is wrong");
          }
        };
    assertThatThrownBy(() -> WorkThreads.run(List.of(failing), 10, rows -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("a row is wrong");
  }
}
