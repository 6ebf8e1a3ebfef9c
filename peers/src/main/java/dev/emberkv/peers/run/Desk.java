package dev.emberkv.peers.run;

import dev.emberkv.bench.workload.RowPattern;
import dev.emberkv.bench.workload.Scatter;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.peers.store.Activity;
import dev.emberkv.peers.store.RowBuffers;
import dev.emberkv.peers.store.RowStore;
import dev.emberkv.peers.store.StorePlace;
import dev.emberkv.peers.work.GradientWork;
import dev.emberkv.peers.work.StoreWork;
import dev.emberkv.peers.work.WorkSpec;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A worker process's store and the works on it, which go on where they left off. */
final class Desk {
  private static final int BATCH = 8192;
  private static final int VERIFIED_ROWS = 1000;
  private static final long SEED = 20_260_101;

  private final Peer peer;
  private final StorePlace place;
  private final RowPattern pattern;
  private final Map<WorkSpec, Work> works = new HashMap<>();
  private @Nullable RowStore store;

  Desk(Peer peer, StorePlace place) {
    this.peer = peer;
    this.place = place;
    this.pattern = new RowPattern(place.rowBytes());
  }

  void open() {
    store = peer.open(place);
  }

  RowStore store() {
    return Objects.requireNonNull(store, "the store is not open");
  }

  Activity activity() {
    return store().activity();
  }

  /** Rows that are looked up: those that gradients go to are others. */
  private long rows() {
    return place.rows() - place.pushRows();
  }

  Task.Loaded load() {
    Activity before = activity();
    long start = System.nanoTime();
    Scatter order = new Scatter(rows());
    RowBuffers buffers = new RowBuffers(BATCH, place.rowBytes());
    for (long first = 0; first < rows(); first += BATCH) {
      int count = (int) Math.min(BATCH, rows() - first);
      for (int i = 0; i < count; i++) {
        buffers.key(i, order.of(first + i));
        pattern.fill(buffers.key(i), buffers.rows(), buffers.offset(i));
      }
      store().put(buffers, count);
    }
    store().sync();
    double seconds = (System.nanoTime() - start) / 1e9;
    long written = activity().since(before).writeBytes();
    gradients(
            new WorkSpec(WorkSpec.Kind.PUSH, new dev.emberkv.peers.work.KeySource.Uniform(), BATCH))
        .load(place.pushRows());
    store().sync();
    return new Task.Loaded(rows(), seconds, written);
  }

  boolean scan(double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    RowBuffers buffers = new RowBuffers(BATCH, place.rowBytes());
    for (long first = 0; first < rows(); first += BATCH) {
      for (int i = 0; i < BATCH; i++) {
        buffers.key(i, Math.min(first + i, rows() - 1));
      }
      store().lookup(buffers, BATCH);
      if (System.nanoTime() - end > 0) {
        return false;
      }
    }
    return true;
  }

  double verify() {
    RowBuffers buffers = new RowBuffers(1, place.rowBytes());
    double firstSeconds = 0;
    for (int i = 0; i < VERIFIED_ROWS; i++) {
      long key = rows() * i / VERIFIED_ROWS;
      long start = System.nanoTime();
      store().get(key, buffers);
      if (i == 0) {
        firstSeconds = (System.nanoTime() - start) / 1e9;
      }
      pattern.require(key, buffers.rows(), 0);
    }
    return firstSeconds;
  }

  Work work(WorkSpec spec) {
    return works.computeIfAbsent(spec, this::newWork);
  }

  private Work newWork(WorkSpec spec) {
    return switch (spec.kind()) {
      case LOOKUP ->
          StoreWork.lookups(store(), spec.keys().open(rows(), SEED), pattern, spec.batch());
      case MIXED -> StoreWork.mixed(store(), spec.keys().open(rows(), SEED), pattern, spec.batch());
      case OVERWRITE ->
          StoreWork.overwrites(store(), spec.keys().open(rows(), SEED), pattern, spec.batch());
      case PUSH -> gradients(spec);
    };
  }

  private GradientWork gradients(WorkSpec spec) {
    return new GradientWork(
        store(), spec.keys().open(place.pushRows(), SEED), spec.batch(), place.rowBytes());
  }

  void close() {
    works.clear();
    store().close();
    store = null;
  }
}
