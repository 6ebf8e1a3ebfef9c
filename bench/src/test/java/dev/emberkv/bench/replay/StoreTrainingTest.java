package dev.emberkv.bench.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.TableSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store is a map: training on it gives, number for number, what training on a map in the heap
 * gives.
 *
 * <p>Rows are wide and the budget is the smallest one, so that rows move between the tiers all the
 * time; between the epochs the store is closed and opened again.
 */
final class StoreTrainingTest {
  private static final Path REAL_TRACE =
      Path.of("..", "..", "shared", "traces", "video-interactions.txt");
  private static final int LINES = 30_000;
  private static final int DIM = 1024;
  private static final long SEED = 5;
  private static final BprSettings SETTINGS = new BprSettings(DIM, 1000, 0.1f, 0.01f, SEED);
  private static final Initializer INITIAL_ROWS = new Initializer.Uniform(-0.02f, 0.02f);

  private static Interactions trace() throws IOException {
    if (Files.exists(REAL_TRACE)) {
      System.out.println("StoreTrainingTest: the first " + LINES + " lines of " + REAL_TRACE);
      try (var lines = Files.lines(REAL_TRACE)) {
        return Interactions.of(lines.limit(LINES).toList());
      }
    }
    System.out.println("StoreTrainingTest: no " + REAL_TRACE + ", so generated interactions");
    return Interactions.of(Traces.grouped(8000, 10_000, 4, SEED));
  }

  private static Store open(Path directory) {
    return Store.open(StoreOptions.of(directory).withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES));
  }

  private static TableEmbeddings table(Store store, String name) {
    TableSpec spec = TableSpec.of(name, DIM).withInitializer(INITIAL_ROWS, SEED);
    return new TableEmbeddings(store.table(name).orElseGet(() -> store.createTable(spec)));
  }

  /** A map in the heap with the initial rows of a store's table that nothing is written to. */
  private static HeapEmbeddings heap(Store untouched, String name) {
    TableEmbeddings table = table(untouched, name);
    return new HeapEmbeddings(
        DIM,
        id -> {
          float[] row = new float[DIM];
          table.read(new long[] {id}, 1, row);
          return row;
        });
  }

  @Test
  void givenTheSameSeedWhenTrainedOnStoreAndHeapMapThenLossesAndRowsAreEqual(
      @TempDir Path trained, @TempDir Path untouched) throws IOException {
    Interactions trace = trace();
    try (Store initial = open(untouched)) {
      HeapEmbeddings heapUsers = heap(initial, "users");
      HeapEmbeddings heapItems = heap(initial, "items");
      BprTrainer onHeap = new BprTrainer(trace, heapUsers, heapItems, SETTINGS);
      EmbeddingMap[] tables = new EmbeddingMap[2];
      BprTrainer onStore = new BprTrainer(trace, forward(tables, 0), forward(tables, 1), SETTINGS);
      double firstLoss = 0;
      double lastLoss = 0;
      for (int epoch = 0; epoch < 2; epoch++) {
        try (Store store = open(trained)) {
          tables[0] = table(store, "users");
          tables[1] = table(store, "items");
          double loss = 0;
          for (int done = 0; done < trace.trainCount(); ) {
            BprTrainer.Step expected = onHeap.step(Integer.MAX_VALUE);
            assertThat(onStore.step(Integer.MAX_VALUE)).isEqualTo(expected);
            loss += expected.lossSum();
            done += expected.triples();
          }
          firstLoss = epoch == 0 ? loss : firstLoss;
          lastLoss = loss;
          requireEqualRows(tables[0], heapUsers, idsOf(trace.users(), trace::userId));
          requireEqualRows(tables[1], heapItems, idsOf(trace.items(), trace::itemId));
          StoreStats stats = store.stats();
          assertThat(stats.deviceReads()).as("cold reads in epoch %d", epoch).isPositive();
          assertThat(stats.hits()).as("hot reads in epoch %d", epoch).isPositive();
        }
      }
      assertThat(lastLoss).isLessThan(firstLoss);
    }
  }

  /** The trainer stays while stores come and go. */
  private static EmbeddingMap forward(EmbeddingMap[] maps, int place) {
    return new EmbeddingMap() {
      @Override
      public void read(long[] ids, int count, float[] rows) {
        maps[place].read(ids, count, rows);
      }

      @Override
      public void write(long[] ids, int count, float[] rows) {
        maps[place].write(ids, count, rows);
      }
    };
  }

  private static long[] idsOf(int count, IntToLongFunction id) {
    return IntStream.range(0, count).mapToLong(id).toArray();
  }

  private static void requireEqualRows(EmbeddingMap actual, EmbeddingMap expected, long[] ids) {
    int batch = 512;
    for (int from = 0; from < ids.length; from += batch) {
      long[] keys = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + batch));
      float[] actualRows = new float[keys.length * DIM];
      float[] expectedRows = new float[keys.length * DIM];
      actual.read(keys, keys.length, actualRows);
      expected.read(keys, keys.length, expectedRows);
      assertThat(actualRows).isEqualTo(expectedRows);
    }
  }
}
