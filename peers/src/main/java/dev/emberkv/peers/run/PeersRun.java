package dev.emberkv.peers.run;

import dev.emberkv.bench.ProgressBar;
import dev.emberkv.bench.workload.PlainArray;
import dev.emberkv.bench.workload.RowPattern;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.peers.store.StorePlace;
import dev.emberkv.peers.work.WorkSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One run: each store in a process of its own, and all of them in turns, so that a machine that is
 * slower for a while is slower for all.
 *
 * <p>A store that fails is left out from then on, and the results say so. Not thread-safe.
 */
public final class PeersRun {
  private static final long SEED = 20_260_101;
  private static final double CRASH_AFTER_SECONDS = 1.5;

  /** What a JVM that has touched its heap may still take: compiled code, classes, stacks. */
  private static final long JVM_GROWTH_BYTES = 24L << 20;

  private final Plan plan;
  private final Path directory;
  private final Schedule schedule;
  private final ProgressBar bar;
  private final Results results = new Results();
  private final Map<Peer, WorkerProcess> workers = new EnumMap<>(Peer.class);
  private final Map<WorkSpec, Work> gathers = new HashMap<>();
  private boolean unbounded;

  private PeersRun(Plan plan, Path directory, Schedule schedule, ProgressBar bar) {
    this.plan = plan;
    this.directory = directory;
    this.schedule = schedule;
    this.bar = bar;
  }

  /** Runs a plan with files in a directory. */
  public static Results run(Plan plan, Path directory) throws InterruptedException, IOException {
    Schedule schedule = new Schedule(plan);
    try (ProgressBar bar = ProgressBar.start("peers", "ms", schedule.totalMillis())) {
      PeersRun run = new PeersRun(plan, directory, schedule, bar);
      Thread clock = Thread.ofPlatform().daemon().name("clock").start(() -> tick(bar));
      try {
        run.measure();
      } finally {
        clock.interrupt();
        clock.join();
        run.workers.values().forEach(WorkerProcess::close);
      }
      return run.results;
    }
  }

  /** Has the bar drawn while nothing ends. */
  private static void tick(ProgressBar bar) {
    try {
      while (true) {
        Thread.sleep(1000);
        bar.step(0);
      }
    } catch (InterruptedException e) {
      return; // the run is over
    }
  }

  private void measure() throws InterruptedException, IOException {
    step("the machine's limits", schedule.limitsMillis());
    results.limits(
        Limits.measure(
            directory, schedule.limitFileBytes(), plan.rounds(), schedule.limitSeconds()));
    if (plan.trace() == null) {
      results.remark("The real trace was not run: no trace file is at hand (--trace FILE).");
    }
    try (PlainArray array = PlainArray.of(plan.rows(), new RowPattern(plan.rowBytes()))) {
      for (Peer peer : plan.peers()) {
        attempt(peer, () -> load(peer));
      }
      for (Budget budget : plan.budgets()) {
        if (budget != Budget.ALL) {
          start(budget);
        }
        rounds(budget, array);
        close(budget);
      }
    }
    for (Peer peer : plan.peers(Budget.QUARTER)) {
      attempt(peer, () -> overwrite(peer));
    }
  }

  private void load(Peer peer) {
    if (peer.absence().isPresent()) {
      results.remark(peer.title() + " was not run: " + peer.absence().get());
      return;
    }
    step("loading " + peer.title(), schedule.loadMillis());
    WorkerProcess worker = WorkerProcess.start(peer, place(peer, Budget.ALL), null);
    workers.put(peer, worker);
    worker.ask(new Task.Open());
    Task.Loaded loaded = worker.ask(new Task.Load());
    double settled = worker.ask(new Task.Settle());
    results.load(
        peer,
        new Results.Load(
            loaded.rows() / loaded.seconds(),
            settled,
            (double) loaded.writeBytes() / plan.dataBytes()));
  }

  /** Starts the stores anew, with another budget, on what they have on the device. */
  private void start(Budget budget) {
    for (Peer peer : plan.peers(budget)) {
      if (results.loads().containsKey(peer)) {
        attempt(peer, () -> open(peer, budget));
      }
    }
  }

  private void open(Peer peer, Budget budget) {
    step("opening " + peer.title(), schedule.openMillis());
    StorePlace place = place(peer, budget);
    MemoryGroup group = null;
    if (peer.cachesInPages()) {
      PageCache.drop(place.path());
      group = MemoryGroup.make(peer.id(), place.memoryBytes() + JVM_GROWTH_BYTES).orElse(null);
      if (group == null && !unbounded) {
        unbounded = true;
        results.remark(
            "The budgets of LMDB and MapDB could not be bounded, because this user may not make"
                + " memory groups: both had all free memory of the machine as cache.");
      }
    }
    WorkerProcess worker = WorkerProcess.start(peer, place, group);
    workers.put(peer, worker);
    worker.ask(new Task.Open());
    worker.confine();
  }

  private void rounds(Budget budget, PlainArray array) throws InterruptedException {
    for (Peer peer : List.copyOf(workers.keySet())) {
      attempt(peer, () -> warmUp(peer, budget));
    }
    for (WorkSpec work : plan.works(budget)) {
      Results.Cell cell = new Results.Cell(budget, work);
      for (int round = -1; round < plan.rounds(); round++) { // the first one warms up
        for (Peer peer : List.copyOf(workers.keySet())) {
          boolean counts = round >= 0;
          attempt(peer, () -> turn(cell, peer, counts));
        }
        if (work.kind() == WorkSpec.Kind.LOOKUP) {
          gather(cell, array, round >= 0);
        }
      }
    }
  }

  private void warmUp(Peer peer, Budget budget) {
    step("warming " + peer.title() + ", " + budget.title(), schedule.warmMillis());
    WorkerProcess worker = worker(peer);
    if (budget == Budget.ALL) {
      worker.ask(new Task.Scan(plan.warmSeconds()));
      worker.ask(new Task.Scan(plan.warmSeconds()));
    } else {
      worker.ask(new Task.Calibrate(Plan.ZIPF_BATCHES, plan.sliceSeconds()));
      worker.ask(new Task.Measure(Plan.ZIPF_BATCHES, plan.warmSeconds()));
    }
  }

  private void turn(Results.Cell cell, Peer peer, boolean counts) {
    step(
        peer.title() + ", " + cell.budget().title() + ", " + cell.work().title(),
        schedule.sliceMillis());
    Task.Slice slice = worker(peer).ask(new Task.Measure(cell.work(), plan.sliceSeconds()));
    if (counts) {
      results.add(cell, peer, slice);
    }
  }

  private void gather(Results.Cell cell, PlainArray array, boolean counts)
      throws InterruptedException {
    step("bare gather", schedule.sliceMillis());
    Work work =
        gathers.computeIfAbsent(
            cell.work(), spec -> array.gathers(spec.keys().open(plan.rows(), SEED), spec.batch()));
    double rate = WorkThreads.run(List.of(work), plan.sliceSeconds(), rows -> {}).rowsPerSecond();
    if (counts) {
      results.addGather(cell, rate);
    }
  }

  private void close(Budget budget) {
    for (Peer peer : List.copyOf(workers.keySet())) {
      attempt(
          peer,
          () -> {
            step("closing " + peer.title(), schedule.openMillis());
            WorkerProcess worker = worker(peer);
            results.describe(budget, peer, worker.ask(new Task.Describe()));
            worker.ask(new Task.Close());
          });
      drop(peer);
    }
  }

  /**
   * Overwrites for a while, kills the store in the midst of it, and sees what it takes to return.
   */
  private void overwrite(Peer peer) {
    if (!results.loads().containsKey(peer)) {
      return;
    }
    open(peer, Budget.QUARTER);
    step("overwriting, " + peer.title(), schedule.watchMillis());
    Course course = worker(peer).ask(new Task.Watch(Plan.WATCHED, plan.watchSeconds()));
    results.overwriting(
        peer,
        new Results.Overwriting(
            course,
            (double) course.writeBytes() / (course.rows() * plan.rowBytes()),
            (double) course.diskBytes() / plan.dataBytes()));
    step("killing " + peer.title(), schedule.openMillis());
    worker(peer).tell(new Task.Watch(Plan.WATCHED, 60));
    pause(CRASH_AFTER_SECONDS);
    worker(peer).kill();
    workers.remove(peer);
    WorkerProcess worker = WorkerProcess.start(peer, place(peer, Budget.QUARTER), null);
    workers.put(peer, worker);
    double seconds = worker.ask(new Task.Open());
    results.recovery(peer, seconds + worker.ask(new Task.Verify()));
    worker.ask(new Task.Close());
    drop(peer);
  }

  private static void pause(double seconds) {
    try {
      Thread.sleep((long) (seconds * 1000));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private StorePlace place(Peer peer, Budget budget) {
    try {
      Path folder = Files.createDirectories(directory.resolve(peer.id()));
      return new StorePlace(
          folder.toString(),
          plan.rows() + plan.pushRows(),
          plan.pushRows(),
          plan.rowBytes(),
          plan.budgetBytes(budget),
          budget == Budget.ALL);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private WorkerProcess worker(Peer peer) {
    WorkerProcess worker = workers.get(peer);
    if (worker == null) {
      throw new IllegalStateException(peer.title() + " is not open");
    }
    return worker;
  }

  /** Leaves a store out when it fails, and says so. */
  private void attempt(Peer peer, Runnable action) {
    try {
      action.run();
    } catch (WorkerFailure failure) {
      System.err.println("emberkv: " + failure.getMessage());
      results.remark("Left out from here on: " + failure.getMessage());
      drop(peer);
    }
  }

  private void drop(Peer peer) {
    @Nullable WorkerProcess worker = workers.remove(peer);
    if (worker != null) {
      worker.close();
    }
  }

  private void step(String what, long millis) {
    bar.note(what);
    bar.step(millis);
  }
}
