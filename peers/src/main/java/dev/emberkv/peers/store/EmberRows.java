package dev.emberkv.peers.store;

import dev.emberkv.engine.Durability;
import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.PushOptions;
import dev.emberkv.engine.RowStatus;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/** This store, embedded. */
final class EmberRows implements RowStore, GradientStore {
  private static final String ROWS = "rows";
  private static final String LEARNING = "learning";

  private final Store store;
  private final Table table;
  private final Table learning;
  private long segmentsCleaned;
  private long movedBytes;

  EmberRows(StorePlace place) {
    store =
        Store.open(
            StoreOptions.of(place.path())
                .withMemoryBytes(place.memoryBytes())
                .withDurability(Durability.EVERYSEC));
    int floats = place.rowBytes() / Float.BYTES;
    table = store.table(ROWS).orElseGet(() -> store.createTable(TableSpec.of(ROWS, floats)));
    learning =
        store
            .table(LEARNING)
            .orElseGet(() ->
                store.createTable(
                    TableSpec.of(LEARNING, floats / 2).withOptimizer(Optimizer.adagrad())));
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    if (table.get(key, buffers.rows()) == RowStatus.MISSING) {
      throw new IllegalStateException("row " + key + " is missing");
    }
  }

  /** A missing row would come as zeros, which the check of the contents finds. */
  @Override
  public void lookup(RowBuffers buffers, int count) {
    MemorySegment keys =
        count == buffers.count()
            ? buffers.keys()
            : buffers.keys().asSlice(0, (long) count * Long.BYTES);
    table.lookup(keys, buffers.rows(), MemorySegment.NULL);
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    table.put(
        buffers.keys().asSlice(0, (long) count * Long.BYTES),
        buffers.rows().asSlice(0, (long) count * buffers.rowBytes()));
  }

  @Override
  public void push(MemorySegment keys, MemorySegment gradients) {
    learning.push(keys, gradients, PushOptions.none());
  }

  @Override
  public void readWeights(long key, MemorySegment weights) {
    learning.get(key, weights);
  }

  @Override
  public void sync() {
    store.flush();
  }

  @Override
  public boolean isCleaning() {
    var space = store.stats().space();
    boolean cleaned =
        space.segmentsCleaned() != segmentsCleaned || space.movedBytes() != movedBytes;
    segmentsCleaned = space.segmentsCleaned();
    movedBytes = space.movedBytes();
    return cleaned;
  }

  @Override
  public Activity activity() {
    StoreStats stats = store.stats();
    return new Activity(stats.coldHits(), stats.deviceReadBytes(), stats.deviceWriteBytes());
  }

  @Override
  public long diskBytes() {
    return store.stats().diskBytes();
  }

  @Override
  public String version() {
    String version = Store.class.getPackage().getImplementationVersion();
    return version == null ? "this commit" : version;
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("memory", "the budget, index and buffers included");
    settings.put("durability", "everysec");
    settings.put("I/O", store.stats().ioBackend());
    return settings;
  }

  @Override
  public void close() {
    store.close();
  }
}
