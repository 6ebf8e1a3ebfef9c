package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.engine.Dtype;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way back for gradients, wherever they come from. */
abstract class GradientContract {
  private static final int DIM = 8;

  @TempDir Path directory;
  Accelerator accelerator;
  private Store store;
  private Table table;

  /** Opens what is under test, or skips. */
  abstract Accelerator openAccelerator();

  @BeforeEach
  void openStore() {
    accelerator = openAccelerator();
    store = TestRows.open(directory);
    table = store.createTable(TableSpec.of("t", DIM).withDtype(Dtype.F32));
  }

  @AfterEach
  void closeStore() {
    if (store != null) {
      accelerator.close();
      store.close();
    }
  }

  private GradientReturn open(int depth, GradientSink sink) {
    return GradientReturn.open(store, accelerator, 64, DIM * Float.BYTES, depth, sink);
  }

  /** Brings a batch's rows to the device; they serve as gradients. */
  private DeviceBatch onDevice(PrefetchPipeline pipeline, long... keys) throws Exception {
    return pipeline.await(pipeline.submit(MemorySegment.ofArray(keys)));
  }

  @Test
  void givenGradientsOnTheDevice_whenPushed_thenTheSinkGetsThemInOrder() throws Exception {
    TestRows.fill(table, 1000, 3);
    List<Long> seen = new ArrayList<>();
    GradientSink sink =
        (keys, gradients) -> {
          long count = keys.byteSize() / Long.BYTES;
          assertThat(gradients.byteSize()).isEqualTo(count * DIM * Float.BYTES);
          for (long i = 0; i < count; i++) {
            long key = keys.getAtIndex(ValueLayout.JAVA_LONG, i);
            assertThat(TestRows.versionOf(gradients, i * DIM * Float.BYTES, key, DIM * Float.BYTES))
                .isEqualTo(3);
            seen.add(key);
          }
        };
    List<CompletableFuture<Void>> done = new ArrayList<>();
    List<Long> sent = new ArrayList<>();
    try (PrefetchPipeline pipeline =
            PrefetchPipeline.open(store, table, accelerator, PrefetchOptions.of(64));
        GradientReturn back = open(2, sink)) {
      for (long i = 0; i < 100; i++) {
        long[] keys = {i, 2 * i, 500 - i};
        DeviceBatch batch = onDevice(pipeline, keys);
        batch.awaitOn(0);
        done.add(back.push(MemorySegment.ofArray(keys), batch.address(), 0));
        batch.closeAfter(0);
        sent.addAll(List.of(i, 2 * i, 500 - i));
      }
    } // closing pushes what was accepted
    assertThat(done).allMatch(each -> each.isDone() && !each.isCompletedExceptionally());
    assertThat(seen).isEqualTo(sent);
  }

  @Test
  void givenASlowSink_whenAllPlacesAreTaken_thenTheNextPushWaits() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    try (PrefetchPipeline pipeline =
            PrefetchPipeline.open(store, table, accelerator, PrefetchOptions.of(64));
        DeviceBatch batch = onDevice(pipeline, 1);
        GradientReturn back = open(2, (_, _) -> awaitQuietly(go))) {
      MemorySegment keys = MemorySegment.ofArray(new long[] {1});
      long address = batch.address();
      CompletableFuture<Void> first = back.push(keys, address, 0);
      CompletableFuture<Void> second = back.push(keys, address, 0);
      CompletableFuture<Boolean> third =
          CompletableFuture.supplyAsync(() -> pushToTheEnd(back, keys, address));

      assertThatThrownBy(() -> third.get(50, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      assertThat(first).isNotDone();
      go.countDown();
      assertThat(third.get(30, TimeUnit.SECONDS)).isTrue();
      assertThat(first).isDone();
      assertThat(second).isDone();
    }
  }

  private static boolean pushToTheEnd(GradientReturn back, MemorySegment keys, long address) {
    try {
      back.push(keys, address, 0).get(30, TimeUnit.SECONDS);
      return true;
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void givenASinkThatFails_whenPushed_thenTheFutureSaysSoAndTheNextOneIsPushed() throws Exception {
    List<Long> seen = new ArrayList<>();
    GradientSink sink =
        (keys, _) -> {
          long key = keys.getAtIndex(ValueLayout.JAVA_LONG, 0);
          if (key == 13) {
            throw new IllegalArgumentException("thirteen");
          }
          seen.add(key);
        };
    try (PrefetchPipeline pipeline =
            PrefetchPipeline.open(store, table, accelerator, PrefetchOptions.of(64));
        DeviceBatch batch = onDevice(pipeline, 1);
        GradientReturn back = open(1, sink)) {
      CompletableFuture<Void> bad =
          back.push(MemorySegment.ofArray(new long[] {13}), batch.address(), 0);
      CompletableFuture<Void> good =
          back.push(MemorySegment.ofArray(new long[] {14}), batch.address(), 0);

      assertThatThrownBy(() -> bad.get(30, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasRootCauseMessage("thirteen");
      good.get(30, TimeUnit.SECONDS);
      assertThat(seen).containsExactly(14L);
      assertThatThrownBy(() -> back.push(MemorySegment.ofArray(new long[65]), batch.address(), 0))
          .hasMessageContaining("1 to 64 ids");
    }
  }

  @Test
  void givenAWayBack_whenClosed_thenItsMemoryIsBackInTheBudget() {
    long before = store.stats().memoryBytes();
    GradientReturn back = open(2, (_, _) -> {});
    assertThat(store.stats().memoryBytes()).isGreaterThan(before);
    back.close();
    back.close();
    assertThat(store.stats().memoryBytes()).isEqualTo(before);
    assertThatThrownBy(() -> back.push(MemorySegment.ofArray(new long[] {1}), 0, 0))
        .hasMessageContaining("is closed");
  }
}
