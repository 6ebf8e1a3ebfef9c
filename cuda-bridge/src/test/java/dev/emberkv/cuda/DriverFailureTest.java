package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every driver call fails now and then, in any combination: nothing may be left behind, no row that
 * comes through may be wrong, and nobody may wait forever.
 */
@Tag("fake-driver")
final class DriverFailureTest {
  private static final int ROWS = 2000;
  private static final int BATCH = 128;
  private static final int ROUNDS = 250;
  private static final List<BatchLayout> LAYOUTS = List.of(BatchLayout.values());
  private static final List<String> CALLS =
      List.of(
          "cuDevicePrimaryCtxRetain",
          "cuDevicePrimaryCtxRelease_v2",
          "cuDeviceGetAttribute",
          "cuCtxPushCurrent_v2",
          "cuCtxPopCurrent_v2",
          "cuMemHostAlloc",
          "cuMemFreeHost",
          "cuMemAlloc_v2",
          "cuMemFree_v2",
          "cuMemcpyHtoD_v2",
          "cuMemcpyHtoDAsync_v2",
          "cuMemcpyDtoHAsync_v2",
          "cuStreamCreate",
          "cuStreamDestroy_v2",
          "cuStreamSynchronize",
          "cuStreamWaitEvent",
          "cuEventCreate",
          "cuEventDestroy_v2",
          "cuEventRecord",
          "cuEventSynchronize",
          "cuModuleLoadData",
          "cuModuleUnload",
          "cuModuleGetFunction",
          "cuLaunchKernel",
          "cuCtxSynchronize",
          "cuIpcGetMemHandle",
          "cuIpcOpenMemHandle_v2",
          "cuIpcCloseMemHandle",
          "cuIpcGetEventHandle",
          "cuIpcOpenEventHandle");

  @TempDir Path directory;
  private int rightBatches;
  private int failures;

  @BeforeAll
  static void loadDriver() {
    FakeCuda.library();
  }

  @Test
  void givenFailuresAtEveryCall_whenUsedAtRandom_thenNothingIsLeftAndNoRowIsWrong()
      throws Exception {
    long first = System.nanoTime();
    try (Store store = TestRows.open(directory)) {
      Table table = store.createTable(TableSpec.of("t", 12));
      TestRows.fill(table, ROWS, 1);
      long before = store.stats().memoryBytes();
      for (int round = 0; round < ROUNDS; round++) {
        long seed = first + round;
        SplittableRandom random = new SplittableRandom(seed);
        FakeCuda.copyDelay(random.nextInt(3) * 20L);
        FakeCuda.fail(seed, random.nextInt(3) * 15);
        try {
          use(store, table, random);
        } catch (CudaException e) {
          failures++;
        } finally {
          FakeCuda.fail(0, 0);
        }
        FakeCuda.requireNothingLeft("seed " + seed);
        assertThat(store.stats().memoryBytes()).as("seed %d", seed).isEqualTo(before);
      }
    } finally {
      FakeCuda.copyDelay(0);
    }
    System.out.printf(
        "DriverFailureTest: %d rounds from seed %d, %d right batches, %d failures%n",
        ROUNDS, first, rightBatches, failures);
    assertThat(rightBatches).isGreaterThan(ROUNDS);
  }

  @Test
  void givenASession_whenEachOfItsCallsFailsInTurn_thenNothingIsLeft() throws Exception {
    try (Store store = TestRows.open(directory)) {
      Table table = store.createTable(TableSpec.of("t", 12));
      TestRows.fill(table, ROWS, 1);
      long before = store.stats().memoryBytes();
      int sessions = 0;
      for (String function : CALLS) {
        int nth = 0;
        do {
          FakeCuda.failCall(function, ++nth);
          try {
            session(store, table);
          } catch (CudaException e) {
            failures++;
          }
          String context = "call " + nth + " of " + function;
          FakeCuda.requireNothingLeft(context);
          assertThat(store.stats().memoryBytes()).as(context).isEqualTo(before);
        } while (FakeCuda.hasFailed());
        assertThat(nth).as("calls of %s", function).isGreaterThan(1);
        sessions += nth - 1;
      }
      System.out.printf(
          "DriverFailureTest: each of %d calls failed, %d failures came out%n", sessions, failures);
    } finally {
      FakeCuda.fail(0, 0);
    }
  }

  /** Makes every call once at least. */
  private static void session(Store store, Table table) throws Exception {
    long[] keys = {1, 2, 1, 99};
    PrefetchOptions options = PrefetchOptions.of(BATCH).withDepth(2).withShareable(true);
    try (Accelerator accelerator = Accelerator.gpu(0)) {
      copy(accelerator);
      try (PrefetchPipeline pipeline = PrefetchPipeline.open(store, table, accelerator, options);
          GradientReturn back =
              GradientReturn.open(
                  store, accelerator, BATCH, table.spec().rowBytes(), 1, table::put);
          DeviceBatch batch = pipeline.await(pipeline.submit(MemorySegment.ofArray(keys)));
          Arena arena = Arena.ofConfined()) {
        batch.synchronize();
        batch.awaitOn(0);
        MemorySegment rows = arena.allocate((long) batch.rowCount() * batch.rowBytes());
        batch.copyTo(rows);
        assertThat(TestRows.versionOf(rows, 0, keys[0], batch.rowBytes())).isEqualTo(1);
        try (OpenedBatch opened = batch.share().open(accelerator)) {
          opened.synchronize();
          opened.awaitOn(0);
          opened.copyTo(rows);
          assertThat(TestRows.versionOf(rows, 0, keys[0], batch.rowBytes())).isEqualTo(1);
        }
        CompletableFuture<Void> _ = back.push(MemorySegment.ofArray(keys), batch.address(), 0);
        batch.closeAfter(0);
        accelerator.synchronize();
        // the same place again, after what the consumer had in its stream
        pipeline.cancel(pipeline.submit(MemorySegment.ofArray(keys)));
        pipeline.await(pipeline.submit(MemorySegment.ofArray(keys))).close();
      }
    }
  }

  private void use(Store store, Table table, SplittableRandom random) throws Exception {
    BatchLayout layout = LAYOUTS.get(random.nextInt(LAYOUTS.size()));
    PrefetchOptions options =
        PrefetchOptions.of(BATCH)
            .withLayout(layout)
            .withDepth(1 + random.nextInt(4))
            .withShareable(true);
    try (Accelerator accelerator = Accelerator.gpu(0)) {
      if (random.nextInt(8) == 0) {
        copy(accelerator);
      }
      try (PrefetchPipeline pipeline = PrefetchPipeline.open(store, table, accelerator, options);
          GradientReturn back =
              GradientReturn.open(
                  store,
                  accelerator,
                  BATCH,
                  table.spec().rowBytes(),
                  1 + random.nextInt(3),
                  table::put)) {
        train(pipeline, back, table, random);
      }
    }
  }

  private static void copy(Accelerator accelerator) {
    try (CopyProbe probe = CopyProbe.open(accelerator, 1000)) {
      probe.copyPinned();
      probe.copyPageable();
    }
  }

  /** Submits, takes, cancels, gives back and pushes, and stops at any point. */
  private void train(
      PrefetchPipeline pipeline, GradientReturn back, Table table, SplittableRandom random)
      throws Exception {
    ArrayDeque<Ticket> tickets = new ArrayDeque<>();
    ArrayDeque<long[]> batches = new ArrayDeque<>();
    int steps = random.nextInt(40);
    for (int step = 0; step < steps; step++) {
      long[] keys = random.longs(1 + random.nextInt(BATCH), 0, ROWS).toArray();
      try {
        Optional<Ticket> ticket = pipeline.trySubmit(MemorySegment.ofArray(keys));
        if (ticket.isPresent()) {
          tickets.add(ticket.get());
          batches.add(keys);
        }
      } catch (IllegalStateException e) {
        assertThat(e).hasMessageContaining("the device failed");
        return;
      }
      if (!tickets.isEmpty() && ticketsAreMany(tickets, random)) {
        Ticket next = tickets.poll();
        long[] nextKeys = batches.poll();
        if (random.nextInt(6) == 0) {
          pipeline.cancel(next);
        } else {
          takeOne(pipeline, back, table, next, nextKeys, random);
        }
      }
    }
  }

  private static boolean ticketsAreMany(ArrayDeque<Ticket> tickets, SplittableRandom random) {
    return tickets.size() > random.nextInt(4);
  }

  private void takeOne(
      PrefetchPipeline pipeline,
      GradientReturn back,
      Table table,
      Ticket ticket,
      long[] keys,
      SplittableRandom random)
      throws Exception {
    DeviceBatch batch;
    try {
      batch = pipeline.await(ticket, Duration.ofSeconds(30));
    } catch (CudaException | CancellationException e) {
      failures++;
      return;
    }
    try {
      if (random.nextInt(20) == 0) {
        return; // a consumer that loses its batch; closing the pipeline has to do
      }
      use(batch, back, table, keys, random);
    } catch (CudaException e) {
      failures++;
      batch.close();
    }
  }

  private void use(
      DeviceBatch batch, GradientReturn back, Table table, long[] keys, SplittableRandom random)
      throws InterruptedException, TimeoutException {
    batch.synchronize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment rows = arena.allocate((long) batch.rowCount() * batch.rowBytes());
      batch.copyTo(rows);
      if (batch.layout() != BatchLayout.UNIQUE) {
        for (int i = 0; i < keys.length; i++) {
          assertThat(
                  TestRows.versionOf(rows, (long) i * batch.rowBytes(), keys[i], batch.rowBytes()))
              .isEqualTo(1);
        }
      }
      rightBatches++;
    }
    if (random.nextInt(4) == 0) {
      assertThat(batch.share().rowCount()).isEqualTo(batch.rowCount());
    }
    if (batch.layout() != BatchLayout.UNIQUE && random.nextInt(3) == 0) {
      batch.awaitOn(0);
      CompletableFuture<Void> done = push(back, MemorySegment.ofArray(keys), batch.address());
      try {
        done.get(30, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        assertThat(e).hasRootCauseInstanceOf(CudaException.class);
        failures++;
      }
    }
    if (random.nextBoolean()) {
      batch.closeAfter(0);
    } else {
      batch.close();
    }
    assertThat(table.size()).isEqualTo(ROWS);
  }

  private static CompletableFuture<Void> push(GradientReturn back, MemorySegment keys, long address)
      throws InterruptedException {
    try {
      return back.push(keys, address, 0);
    } catch (IllegalStateException e) {
      assertThat(e).hasMessageContaining("the device failed");
      return CompletableFuture.completedFuture(null);
    }
  }
}
