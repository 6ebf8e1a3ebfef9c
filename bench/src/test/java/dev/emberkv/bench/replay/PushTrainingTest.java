package dev.emberkv.bench.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.TableSpec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training by the optimizers of the tables. */
final class PushTrainingTest {
  private static final int DIM = 24;
  private static final long SEED = 9;

  @TempDir private Path directory = Path.of("");

  private static Interactions trace() {
    return Interactions.of(Traces.grouped(300, 400, 4, SEED));
  }

  private static TableEmbeddings table(Store store, String name, Optimizer optimizer) {
    Initializer initial = new Initializer.Uniform(-0.1f, 0.1f);
    return new TableEmbeddings(
        store.createTable(
            TableSpec.of(name, DIM).withInitializer(initial, SEED).withOptimizer(optimizer)));
  }

  private Store open(String name) {
    return Store.open(
        StoreOptions.of(directory.resolve(name)).withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES));
  }

  @Test
  void givenOneTripleAStepWhenPushedToGradientDescentThenItIsWhatTheTrainerDoesItself() {
    BprSettings settings = new BprSettings(DIM, 1, 0.1f, 0.02f, SEED);
    Optimizer descent = Optimizer.sgd().withLearningRate(0.1);
    try (Store store = open("trained");
        Store untouched = open("untouched")) {
      TableEmbeddings users = table(store, "users", descent);
      TableEmbeddings items = table(store, "items", descent);
      BprTrainer pushing = BprTrainer.pushing(trace(), users, items, settings);
      BprTrainer plain =
          new BprTrainer(
              trace(), initialRows(untouched, "users"), initialRows(untouched, "items"), settings);
      for (int step = 0; step < 2 * trace().trainCount(); step++) {
        assertThat(pushing.step(1)).isEqualTo(plain.step(1));
      }
    }
  }

  /** A map in the heap with the initial rows of a store's table that nothing is written to. */
  private static HeapEmbeddings initialRows(Store untouched, String name) {
    TableEmbeddings table = table(untouched, name, Optimizer.none());
    return new HeapEmbeddings(
        DIM,
        id -> {
          float[] row = new float[DIM];
          table.read(new long[] {id}, 1, row);
          return row;
        });
  }

  @Test
  void givenAdagradWhenTrainedThenTheLossFalls() {
    BprSettings settings = new BprSettings(DIM, 256, 0.1f, 0, SEED);
    Optimizer adagrad = Optimizer.adagrad().withLearningRate(0.1);
    try (Store store = open("trained")) {
      BprTrainer trainer =
          BprTrainer.pushing(
              trace(), table(store, "users", adagrad), table(store, "items", adagrad), settings);
      double first = epoch(trainer);
      for (int i = 0; i < 5; i++) {
        epoch(trainer);
      }
      assertThat(epoch(trainer)).isLessThan(first / 2);
      assertThat(store.stats().rows()).isPositive();
    }
  }

  private static double epoch(BprTrainer trainer) {
    double loss = 0;
    for (int done = 0; done < trace().trainCount(); ) {
      BprTrainer.Step step = trainer.step(Integer.MAX_VALUE);
      loss += step.lossSum();
      done += step.triples();
    }
    return loss;
  }
}
