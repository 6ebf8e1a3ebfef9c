package dev.emberkv.peers.run;

import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.peers.store.Activity;
import dev.emberkv.peers.work.WorkSpec;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * What a worker process is told to do, and answers with.
 *
 * @param <R> the answer
 */
public interface Task<R extends Serializable> extends Serializable {
  /** Does it, in the worker. */
  R run(Desk desk) throws InterruptedException;

  /** Opens the store; the answer is how many seconds that took. */
  record Open() implements Task<Double> {
    @Override
    public Double run(Desk desk) {
      long start = System.nanoTime();
      desk.open();
      return (System.nanoTime() - start) / 1e9;
    }
  }

  /** Loads all rows, in an order that has nothing to do with their ids. */
  record Load() implements Task<Loaded> {
    @Override
    public Loaded run(Desk desk) throws InterruptedException {
      return desk.load();
    }
  }

  /** Brings a loaded store into shape; the answer is how many seconds that took. */
  record Settle() implements Task<Double> {
    @Override
    public Double run(Desk desk) {
      long start = System.nanoTime();
      desk.store().settle();
      return (System.nanoTime() - start) / 1e9;
    }
  }

  /** Reads all rows once, or as many as the time allows. */
  record Scan(double seconds) implements Task<Boolean> {
    @Override
    public Boolean run(Desk desk) {
      return desk.scan(seconds);
    }
  }

  /** Tries numbers of threads for a batch, keeps the best one and answers with it. */
  record Calibrate(WorkSpec work, double secondsEach) implements Task<Integer> {
    private static final List<Integer> THREADS = List.of(1, 2, 8, 32);

    @Override
    public Integer run(Desk desk) throws InterruptedException {
      int best = 1;
      double bestRate = 0;
      if (desk.store().splitsReads()) {
        for (int threads : THREADS) {
          desk.store().readThreads(threads);
          double rate =
              WorkThreads.run(List.of(desk.work(work)), secondsEach, rows -> {}).rowsPerSecond();
          if (rate > bestRate) {
            bestRate = rate;
            best = threads;
          }
        }
        desk.store().readThreads(best);
      }
      return best;
    }
  }

  /** Does a work for a time. */
  record Measure(WorkSpec spec, double seconds) implements Task<Slice> {
    @Override
    public Slice run(Desk desk) throws InterruptedException {
      Work work = desk.work(spec);
      Activity before = desk.activity();
      Measurement measured = WorkThreads.run(List.of(work), seconds, rows -> {});
      Measurement.Part part = measured.threads().getFirst();
      return new Slice(
          part.rows(), part.busyNanos(), part.latenciesNanos(), desk.activity().since(before));
    }
  }

  /** Does a work for a time and says how it went on meanwhile. */
  record Watch(WorkSpec spec, double seconds) implements Task<Course> {
    private static final double STEP_SECONDS = 0.25;

    @Override
    public Course run(Desk desk) throws InterruptedException {
      Work work = desk.work(spec);
      Activity before = desk.activity();
      long start = System.nanoTime();
      List<Course.Step> steps = new ArrayList<>();
      long rows = 0;
      desk.store().isCleaning(); // from here on
      for (double end = STEP_SECONDS; end <= seconds; end += STEP_SECONDS) {
        double left = end - (System.nanoTime() - start) / 1e9;
        if (left <= 0) {
          continue;
        }
        Measurement measured = WorkThreads.run(List.of(work), left, done -> {});
        rows += measured.rows();
        steps.add(
            new Course.Step(
                (System.nanoTime() - start) / 1e9,
                measured.rowsPerSecond(),
                desk.store().isCleaning()));
      }
      desk.store().sync();
      return new Course(
          new ArrayList<>(steps),
          rows,
          (System.nanoTime() - start) / 1e9,
          desk.activity().since(before).writeBytes(),
          desk.store().diskBytes());
    }
  }

  /** Compares rows that lie all over the table; the answer is how many seconds the first took. */
  record Verify() implements Task<Double> {
    @Override
    public Double run(Desk desk) {
      return desk.verify();
    }
  }

  /** Says what the store is and takes. */
  record Describe() implements Task<Description> {
    @Override
    public Description run(Desk desk) {
      return new Description(
          desk.store().version(),
          new LinkedHashMap<>(desk.store().settings()),
          desk.store().residentBytes(),
          desk.store().diskBytes());
    }
  }

  /** Closes the store. */
  record Close() implements Task<Boolean> {
    @Override
    public Boolean run(Desk desk) {
      desk.close();
      return true;
    }
  }

  /**
   * What was loaded.
   *
   * @param rows rows
   * @param seconds until all were as durable as they get
   * @param writeBytes bytes written meanwhile
   */
  record Loaded(long rows, double seconds, long writeBytes) implements Serializable {}

  /**
   * What a work did in a slice of time.
   *
   * @param rows rows moved
   * @param busyNanos time inside of the store's calls
   * @param latenciesNanos durations of calls
   * @param activity what was asked of the device
   */
  record Slice(long rows, long busyNanos, Histogram latenciesNanos, Activity activity)
      implements Serializable {
    double rowsPerSecond() {
      return rows * 1e9 / Math.max(1, busyNanos);
    }

    /** Returns the share of rows that DRAM answered. */
    double hitRatio() {
      return rows == 0 ? 0 : Math.clamp(1 - (double) activity.coldRows() / rows, 0.0, 1.0);
    }
  }

  /**
   * What a store is and takes.
   *
   * @param version as it says
   * @param settings as it runs
   * @param residentBytes memory of the process that has the rows
   * @param diskBytes of its files
   */
  record Description(
      String version, LinkedHashMap<String, String> settings, long residentBytes, long diskBytes)
      implements Serializable {}
}
