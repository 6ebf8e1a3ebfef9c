package dev.emberkv.bench.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BprTrainerTest {
  private static final int DIM = 6;
  private static final long SEED = 11;

  private final Interactions trace = Interactions.of(Traces.grouped(200, 100, 20, SEED));
  private final HeapEmbeddings users = new HeapEmbeddings(DIM, BprTrainerTest::smallRow);
  private final HeapEmbeddings items = new HeapEmbeddings(DIM, BprTrainerTest::smallRow);

  private static float[] smallRow(long id) {
    SplittableRandom random = new SplittableRandom(id);
    float[] row = new float[DIM];
    for (int i = 0; i < DIM; i++) {
      row[i] = (float) random.nextDouble(-0.1, 0.1);
    }
    return row;
  }

  private BprTrainer trainer(int batch) {
    return new BprTrainer(trace, users, items, new BprSettings(DIM, batch, 0.05f, 0.002f, SEED));
  }

  private static double epoch(BprTrainer trainer, Interactions trace) {
    double loss = 0;
    for (int done = 0; done < trace.trainCount(); ) {
      BprTrainer.Step step = trainer.step(Integer.MAX_VALUE);
      loss += step.lossSum();
      done += step.triples();
    }
    return loss / trace.trainCount();
  }

  @Test
  void givenTastesWhenTrainedThenLossFallsAndHeldOutItemsRankHigh() {
    double before = HeldOutAuc.measure(trace, users, items, DIM, SEED);
    BprTrainer trainer = trainer(64);
    List<Double> losses = new ArrayList<>();
    for (int epoch = 0; epoch < 30; epoch++) {
      losses.add(epoch(trainer, trace));
    }

    assertThat(losses.getFirst()).isCloseTo(Math.log(2), within(0.02));
    assertThat(losses.get(9)).isLessThan(losses.getFirst());
    assertThat(losses.getLast()).isLessThan(0.5 * losses.getFirst());
    assertThat(before).isCloseTo(0.5, within(0.06));
    assertThat(HeldOutAuc.measure(trace, users, items, DIM, SEED)).isGreaterThan(0.8);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 64, 100_000})
  void givenAnyBatchSizeWhenTrainedThenLossesAndRowsAreThoseOfSingleSteps(int batch) {
    // given single steps on maps of their own
    HeapEmbeddings singleUsers = new HeapEmbeddings(DIM, BprTrainerTest::smallRow);
    HeapEmbeddings singleItems = new HeapEmbeddings(DIM, BprTrainerTest::smallRow);
    BprTrainer single =
        new BprTrainer(
            trace, singleUsers, singleItems, new BprSettings(DIM, 1, 0.05f, 0.002f, SEED));
    BprTrainer batched = trainer(batch);

    // when
    double singleLoss = epoch(single, trace);
    double batchedLoss = epoch(batched, trace);

    // then the rows are equal bit for bit; the sum of losses is added up in another order
    assertThat(batchedLoss).isCloseTo(singleLoss, within(1e-12));
    assertThat(rowsOf(users, trace.users())).isEqualTo(rowsOf(singleUsers, trace.users()));
    assertThat(rowsOf(items, trace.items())).isEqualTo(rowsOf(singleItems, trace.items()));
    assertThat(users.size()).isEqualTo(trace.users());
  }

  private static float[] rowsOf(EmbeddingMap map, int count) {
    long[] ids = new long[count];
    for (int i = 0; i < count; i++) {
      ids[i] = i + 1L;
    }
    float[] rows = new float[count * DIM];
    map.read(ids, count, rows);
    return rows;
  }

  @Test
  void givenOneTripleWhenTrainedThenTheStepIsTheGradientOfTheLoss() {
    // given one user with one item of two: the other one is the negative
    Interactions one = Interactions.of(List.of("1 1", "2 2", "2 2"));
    HeapEmbeddings map = new HeapEmbeddings(1, id -> new float[] {id == 1 ? 0.5f : -0.25f});
    HeapEmbeddings other = new HeapEmbeddings(1, id -> new float[] {id == 1 ? 0.5f : -0.25f});
    BprTrainer trainer = new BprTrainer(one, map, other, new BprSettings(1, 1, 0.1f, 0, SEED));

    // when the triples (1, 1, 2) and (2, 2, 1) were trained on, in whatever order
    double loss = trainer.step(1).lossSum();
    float[] user = new float[1];
    map.read(new long[] {1}, 1, user);
    boolean firstWasUserOne = user[0] != 0.5f;
    double margin = (firstWasUserOne ? 0.5 : -0.25) * (firstWasUserOne ? 0.75 : -0.75);

    // then
    assertThat(loss).isCloseTo(Math.log1p(Math.exp(-margin)), within(1e-7));
    double pull = 1 / (1 + Math.exp(margin));
    double moved = firstWasUserOne ? 0.5 + 0.1 * pull * 0.75 : -0.25 + 0.1 * pull * -0.75;
    map.read(new long[] {firstWasUserOne ? 1 : 2}, 1, user);
    assertThat((double) user[0]).isCloseTo(moved, within(1e-6));
  }

  @Test
  void givenPerfectEmbeddingsWhenRankedThenAucIsOneAndTiesCountHalf() {
    Interactions pairs = Interactions.of(List.of("1 9", "1 1", "2 9", "2 2"));
    HeapEmbeddings likes = new HeapEmbeddings(1, id -> new float[] {id == 1 ? 1 : -1});
    HeapEmbeddings nothing = new HeapEmbeddings(1, id -> new float[1]);

    assertThat(HeldOutAuc.measure(pairs, likes, likes, 1, SEED)).isEqualTo(1);
    assertThat(HeldOutAuc.measure(pairs, likes, nothing, 1, SEED)).isEqualTo(0.5);
  }
}
