package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.engine.Dtype;
import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.RowStatus;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a pipeline does, wherever its rows go. */
abstract class PipelineContract {
  private static final int ROWS = 5000;
  private static final int BATCH = 512;
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  Store store;
  Table table;
  Accelerator accelerator;
  private final SplittableRandom random = new SplittableRandom(42);

  /** Opens what is under test, or skips. */
  abstract Accelerator openAccelerator();

  @BeforeEach
  void openStore() {
    accelerator = openAccelerator();
    store = TestRows.open(directory);
    table = newTable("t", 64, Dtype.F32);
  }

  private Table newTable(String name, int dim, Dtype dtype) {
    Table made =
        store.createTable(
            TableSpec.of(name, dim)
                .withDtype(dtype)
                .withInitializer(new Initializer.Uniform(-1, 1), 7));
    TestRows.fill(made, ROWS, 0);
    return made;
  }

  @AfterEach
  void closeStore() {
    if (store != null) {
      accelerator.close();
      store.close();
    }
  }

  private PrefetchPipeline open(PrefetchOptions options) {
    return PrefetchPipeline.open(store, table, accelerator, options);
  }

  private static MemorySegment packed(long... keys) {
    return MemorySegment.ofArray(keys);
  }

  @ParameterizedTest
  @EnumSource(BatchLayout.class)
  void givenRowsOfEachWidth_whenPrefetched_thenTheDeviceHoldsWhatTheTableDoes(BatchLayout layout)
      throws Exception {
    List<Table> tables =
        List.of(
            table,
            newTable("4 byte units", 3, Dtype.F32),
            newTable("6 byte rows", 3, Dtype.F16),
            newTable("13 byte rows", 5, Dtype.I8),
            newTable("wide rows", 700, Dtype.F32));
    for (Table each : tables) {
      table = each;
      try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withLayout(layout))) {
        ArrayDeque<Ticket> tickets = new ArrayDeque<>();
        ArrayDeque<long[]> batches = new ArrayDeque<>();
        for (int i = 0; i < 20; i++) {
          long[] keys = TestRows.keys(random, 1 + random.nextInt(BATCH), ROWS);
          tickets.add(pipeline.submit(packed(keys)));
          batches.add(keys);
          if (tickets.size() == 4) {
            requireNext(pipeline, tickets, batches);
          }
        }
        while (!tickets.isEmpty()) {
          requireNext(pipeline, tickets, batches);
        }
      }
    }
  }

  private void requireNext(
      PrefetchPipeline pipeline, ArrayDeque<Ticket> tickets, ArrayDeque<long[]> batches)
      throws Exception {
    try (DeviceBatch batch = pipeline.await(tickets.poll(), LONG)) {
      assertThat(batch.isOnGpu()).isEqualTo(accelerator.isGpu());
      assertThat(batch.address() % 256).isZero();
      TestRows.requireRows(batch, table, batches.poll());
    }
  }

  @Test
  void givenDuplicates_whenDeduplicated_thenEachIdIsUploadedOnce() throws Exception {
    try (PrefetchPipeline pipeline =
            open(PrefetchOptions.of(BATCH).withLayout(BatchLayout.UNIQUE));
        DeviceBatch batch = pipeline.await(pipeline.submit(packed(7, 9, 7, 7, 1, 9)))) {
      assertThat(batch.count()).isEqualTo(6);
      assertThat(batch.rowCount()).isEqualTo(3);
      assertThat(batch.uploadedRows()).isEqualTo(3);
      assertThat(batch.indexAddress()).isNotZero();
    }
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH));
        DeviceBatch batch = pipeline.await(pipeline.submit(packed(7, 9, 7, 7, 1, 9)))) {
      assertThat(batch.rowCount()).isEqualTo(6);
      assertThat(batch.uploadedRows()).isEqualTo(3);
    }
    try (PrefetchPipeline pipeline =
            open(PrefetchOptions.of(BATCH).withLayout(BatchLayout.AS_SUBMITTED));
        DeviceBatch batch = pipeline.await(pipeline.submit(packed(7, 9, 7, 7, 1, 9)))) {
      assertThat(batch.uploadedRows()).isEqualTo(6);
      assertThatThrownBy(batch::indexAddress).isInstanceOf(UnsupportedOperationException.class);
    }
  }

  @Test
  void givenAFullPipeline_whenSubmitted_thenTheCallerWaitsUntilABatchIsGivenBack()
      throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withDepth(2))) {
      DeviceBatch first = pipeline.await(pipeline.submit(packed(1)));
      Ticket second = pipeline.submit(packed(2));
      assertThat(pipeline.trySubmit(packed(3))).isEmpty();
      CompletableFuture<Ticket> third =
          CompletableFuture.supplyAsync(() -> submit(pipeline, packed(3)));

      assertThatThrownBy(() -> third.get(50, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      first.close();

      try (DeviceBatch batch = pipeline.await(third.get(30, TimeUnit.SECONDS), LONG)) {
        TestRows.requireRows(batch, table, new long[] {3});
      }
      pipeline.await(second, LONG).close();
      assertThat(pipeline.freePlaces()).isEqualTo(2);
    }
  }

  private static Ticket submit(PrefetchPipeline pipeline, MemorySegment keys) {
    try {
      return pipeline.submit(keys);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void givenTicketsInAnyState_whenCancelled_thenTheirPlacesComeFree() throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withDepth(4))) {
      for (int round = 0; round < 200; round++) {
        List<Ticket> tickets = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          tickets.add(pipeline.submit(packed(TestRows.keys(random, BATCH, ROWS))));
        }
        if (round % 3 == 0) {
          Thread.sleep(0, random.nextInt(500_000));
        }
        for (Ticket ticket : tickets) {
          assertThat(pipeline.cancel(ticket)).isTrue();
          assertThat(pipeline.cancel(ticket)).isFalse();
          assertThatThrownBy(() -> pipeline.await(ticket, LONG))
              .isInstanceOf(CancellationException.class)
              .hasMessageContaining("batch " + ticket.number() + " was cancelled");
        }
      }
      Ticket taken = pipeline.submit(packed(5));
      DeviceBatch batch = pipeline.await(taken, LONG);
      assertThat(pipeline.cancel(taken)).isFalse();
      TestRows.requireRows(batch, table, new long[] {5});
      assertThatThrownBy(() -> pipeline.await(taken, LONG))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("taken already");
      batch.close();
      assertThat(pipeline.cancel(taken)).isFalse();
      batch.close();
      assertThatThrownBy(batch::address).hasMessageContaining("was given back");
      awaitFreePlaces(pipeline, 4);
    }
  }

  private static void awaitFreePlaces(PrefetchPipeline pipeline, int places) throws Exception {
    long end = System.nanoTime() + LONG.toNanos();
    while (pipeline.freePlaces() != places && System.nanoTime() - end < 0) {
      Thread.sleep(1);
    }
    assertThat(pipeline.freePlaces()).isEqualTo(places);
  }

  @Test
  void givenALifetime_whenNobodyTakesTheBatch_thenItMakesRoomByItself() throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withDepth(2))) {
      Ticket first = pipeline.submit(packed(1), Duration.ofMillis(20));
      Ticket second = pipeline.submit(packed(2), Duration.ofMillis(20));
      // waits for the first two, whose consumer never comes
      Ticket third = pipeline.submit(packed(3), LONG);

      assertThatThrownBy(() -> pipeline.await(first, LONG))
          .isInstanceOf(CancellationException.class)
          .hasMessageContaining("expired");
      try (DeviceBatch batch = pipeline.await(third, LONG)) {
        TestRows.requireRows(batch, table, new long[] {3});
        // one that was taken in time stays as long as its consumer likes
        Thread.sleep(30);
        assertThatThrownBy(() -> pipeline.await(second, LONG))
            .isInstanceOf(CancellationException.class);
        TestRows.requireRows(batch, table, new long[] {3});
      }
      assertThat(pipeline.freePlaces()).isEqualTo(2);
    }
  }

  @Test
  void givenMistakes_whenCalled_thenTheMessageNamesTheRange() throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(2));
        PrefetchPipeline other = open(PrefetchOptions.of(2))) {
      for (MemorySegment keys :
          List.of(packed(), packed(1, 2, 3), MemorySegment.ofArray(new byte[12]))) {
        assertThatThrownBy(() -> pipeline.submit(keys))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("keys has " + keys.byteSize() + " bytes")
            .hasMessageContaining("1 to 2 ids");
      }
      Ticket ticket = other.submit(packed(1));
      assertThatThrownBy(() -> pipeline.await(ticket, LONG))
          .isInstanceOf(IllegalArgumentException.class);
      DeviceBatch batch = other.await(ticket, LONG);
      assertThatThrownBy(() -> batch.status(1)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> batch.copyTo(MemorySegment.ofArray(new byte[3])))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> PrefetchOptions.of(0)).hasMessageContaining("maxBatch");
    assertThatThrownBy(() -> PrefetchOptions.of(1).withDepth(65)).hasMessageContaining("1..64");
    assertThatThrownBy(() -> PrefetchOptions.of(1).withGatherThreads(5))
        .hasMessageContaining("gatherThreads must be in 1..4");
  }

  @Test
  void givenALookupThatFails_whenAwaited_thenTheFailureComesOutAndThePlaceIsFree()
      throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH))) {
      store.dropTable("t");
      Ticket ticket = pipeline.submit(packed(1));

      assertThatThrownBy(() -> pipeline.await(ticket, LONG))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("table t was dropped");
      assertThat(pipeline.freePlaces()).isEqualTo(4);
    }
  }

  @Test
  void givenEveryState_whenClosed_thenWaitersAreToldAndAllMemoryIsBack() throws Exception {
    long before = store.stats().memoryBytes();
    for (int round = 0; round < 20; round++) {
      PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withDepth(3));
      assertThat(store.stats().memoryBytes()).isGreaterThanOrEqualTo(pipeline.hostBytes());
      Ticket taken = pipeline.submit(packed(1));
      DeviceBatch batch = pipeline.await(taken, LONG);
      Ticket second = pipeline.submit(packed(TestRows.keys(random, BATCH, ROWS)));
      Ticket third = pipeline.submit(packed(TestRows.keys(random, BATCH, ROWS)));
      CompletableFuture<Ticket> waiting =
          CompletableFuture.supplyAsync(() -> submit(pipeline, packed(4)));
      if (round % 2 == 0) {
        Thread.sleep(2);
      }

      pipeline.close();
      pipeline.close();

      assertThatThrownBy(() -> waiting.get(30, TimeUnit.SECONDS))
          .hasMessageContaining("the pipeline is closed");
      for (Ticket ticket : List.of(second, third)) {
        assertThatThrownBy(() -> pipeline.await(ticket, LONG))
            .isInstanceOf(CancellationException.class)
            .hasMessageContaining("the pipeline is closed");
      }
      assertThatThrownBy(batch::address).hasMessageContaining("is closed");
      assertThatThrownBy(() -> batch.status(0)).hasMessageContaining("is closed");
      assertThatThrownBy(() -> pipeline.submit(packed(1)))
          .isInstanceOf(IllegalStateException.class);
      batch.close();
    }
    assertThat(store.stats().memoryBytes()).isEqualTo(before);
  }

  @Test
  void givenASlowConsumer_whenSubmittersPress_thenMemoryStaysUnderTheBudget() throws Exception {
    TestRows.fill(newTable("more", 64, Dtype.F32), 120_000, 1); // more than the budget holds
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(4096).withDepth(4))) {
      AtomicBoolean done = new AtomicBoolean();
      ArrayDeque<Ticket> tickets = new ArrayDeque<>();
      CompletableFuture<Integer> pressing =
          CompletableFuture.supplyAsync(() -> press(pipeline, tickets, done));
      for (int i = 0; i < 20; i++) {
        Thread.sleep(10);
        Ticket ticket;
        synchronized (tickets) {
          ticket = tickets.poll();
        }
        if (ticket != null) {
          pipeline.await(ticket, LONG).close();
        }
        assertThat(store.stats().memoryBytes()).isLessThanOrEqualTo(TestRows.MEMORY_BYTES);
        assertThat(store.stats().memoryBytes()).isGreaterThan(pipeline.hostBytes());
      }
      done.set(true);
      // before any is cancelled, which makes room for one more
      assertThat(pressing.get(30, TimeUnit.SECONDS)).isBetween(4, 24);
      synchronized (tickets) {
        tickets.forEach(pipeline::cancel);
      }
    }
  }

  private int press(PrefetchPipeline pipeline, ArrayDeque<Ticket> tickets, AtomicBoolean done) {
    SplittableRandom keys = new SplittableRandom(3);
    int submitted = 0;
    try {
      while (!done.get()) {
        var ticket = pipeline.trySubmit(packed(TestRows.keys(keys, 4096, ROWS)));
        if (ticket.isPresent()) {
          submitted++;
          synchronized (tickets) {
            tickets.add(ticket.get());
          }
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return submitted;
  }

  @Test
  void givenAConsumerThatDies_whenItsPipelineIsLost_thenNoMemoryIsLeft() throws Exception {
    long before = store.stats().memoryBytes();
    Thread consumer =
        Thread.ofPlatform()
            .unstarted(() -> {
              PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH));
              DeviceBatch batch = awaitQuietly(pipeline, submit(pipeline, packed(1)));
              submit(pipeline, packed(2, 3));
              throw new OutOfLuck(batch.count());
            });
    consumer.setUncaughtExceptionHandler((_, _) -> {});
    consumer.start();
    consumer.join();

    long end = System.nanoTime() + LONG.toNanos();
    while (store.stats().memoryBytes() != before && System.nanoTime() - end < 0) {
      System.gc();
      Thread.sleep(5);
    }
    assertThat(store.stats().memoryBytes()).isEqualTo(before);
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.isAlive() && thread.getName().startsWith("ember-gather"));
  }

  private static final class OutOfLuck extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutOfLuck(int batches) {
      super("died with " + batches);
    }
  }

  private static DeviceBatch awaitQuietly(PrefetchPipeline pipeline, Ticket ticket) {
    try {
      return pipeline.await(ticket);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void givenABatchThatIsLost_whenCollected_thenItsPlaceComesFree() throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withDepth(2))) {
      for (int i = 0; i < 2; i++) {
        assertThat(awaitQuietly(pipeline, pipeline.submit(packed(i))).count()).isEqualTo(1);
      }
      long end = System.nanoTime() + LONG.toNanos();
      while (pipeline.freePlaces() < 2 && System.nanoTime() - end < 0) {
        System.gc();
        Thread.sleep(5);
      }
      assertThat(pipeline.freePlaces()).isEqualTo(2);
    }
  }

  @Test
  void givenUpdatesAndDeletesBesideIt_whenPrefetched_thenEveryRowIsWholeAndOfItsId()
      throws Exception {
    hammer(batchesBesideUpdates());
  }

  /** How many batches the test beside updates takes. */
  int batchesBesideUpdates() {
    return 400;
  }

  private void hammer(int batches) throws Exception {
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Integer> updates =
        CompletableFuture.supplyAsync(() -> updateUntil(done, new SplittableRandom(5)));
    try (PrefetchPipeline pipeline =
        open(PrefetchOptions.of(BATCH).withDepth(4).withGatherThreads(2))) {
      ArrayDeque<Ticket> tickets = new ArrayDeque<>();
      ArrayDeque<long[]> keys = new ArrayDeque<>();
      for (int i = 0; i < batches + 3; i++) {
        if (i < batches) {
          keys.add(TestRows.keys(random, BATCH, ROWS));
          tickets.add(pipeline.submit(packed(keys.getLast())));
        }
        if (i >= 3) {
          try (DeviceBatch batch = pipeline.await(tickets.poll(), LONG)) {
            requireWhole(batch, keys.poll());
          }
        }
      }
    } finally {
      done.set(true);
    }
    assertThat(updates.get(30, TimeUnit.SECONDS)).isPositive();
  }

  private int updateUntil(AtomicBoolean done, SplittableRandom draw) {
    int version = 1;
    while (!done.get()) {
      long[] keys = draw.longs(64, 0, ROWS).toArray();
      if (version % 4 == 0) {
        table.delete(packed(keys));
      } else {
        table.put(keys, TestRows.packed(keys, version & 0xff, table.spec().rowBytes()));
      }
      version++;
    }
    return version;
  }

  /** A row is one that was written for its id, or says that it is missing. */
  private void requireWhole(DeviceBatch batch, long[] keys) {
    int rowBytes = batch.rowBytes();
    byte[] rows = new byte[batch.rowCount() * rowBytes];
    MemorySegment segment = MemorySegment.ofArray(rows);
    batch.copyTo(segment);
    byte[] initial = new byte[rowBytes];
    for (int i = 0; i < keys.length; i++) {
      if (batch.status(i) == RowStatus.MISSING) {
        if (keys[i] < 0) {
          table.get(keys[i], MemorySegment.ofArray(initial));
          assertThat(
                  segment
                      .asSlice((long) i * rowBytes, rowBytes)
                      .mismatch(MemorySegment.ofArray(initial)))
              .isEqualTo(-1);
        }
      } else {
        assertThat(TestRows.versionOf(segment, (long) i * rowBytes, keys[i], rowBytes))
            .as("version of id %d in batch at %d", keys[i], i)
            .isNotNegative();
      }
    }
  }

  @Test
  void givenABatch_whenGivenBackAfterAStreamsWork_thenThePlaceIsUsedAgain() throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH).withDepth(1))) {
      for (int i = 0; i < 50; i++) {
        DeviceBatch batch = pipeline.await(pipeline.submit(packed(i, i + 1)), LONG);
        batch.awaitOn(0);
        batch.synchronize();
        TestRows.requireRows(batch, table, new long[] {i, i + 1});
        batch.closeAfter(0);
        assertThatThrownBy(() -> batch.awaitOn(0)).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  @Test
  void givenAnAcceleratorThatIsClosedFirst_whenUsed_thenThePipelineRunsToItsEnd() throws Exception {
    try (PrefetchPipeline pipeline = open(PrefetchOptions.of(BATCH))) {
      accelerator.close();
      accelerator.close();
      try (DeviceBatch batch = pipeline.await(pipeline.submit(packed(1, 2)), LONG)) {
        TestRows.requireRows(batch, table, new long[] {1, 2});
      }
      assertThatThrownBy(() -> open(PrefetchOptions.of(BATCH)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("accelerator is closed");
    }
  }

  @Test
  void givenABudgetThatIsTooSmall_whenOpened_thenItIsRefusedAndNothingIsTaken() {
    long before = store.stats().memoryBytes();
    assertThatThrownBy(() -> open(PrefetchOptions.of(1 << 18)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("can't be reserved");
    assertThat(store.stats().memoryBytes()).isEqualTo(before);
  }

  @Test
  void givenAPool_whenItsBuffersAreOut_thenOthersWaitAndLateAccessThrows() throws Exception {
    long before = store.stats().memoryBytes();
    PinnedPool pool = PinnedPool.open(store, accelerator, 1000, 2);
    PinnedBuffer first = pool.acquire(LONG).orElseThrow();
    PinnedBuffer second = pool.tryAcquire().orElseThrow();
    assertThat(first.segment().byteSize()).isEqualTo(1000);
    assertThat(first.segment().address() % 256).isZero();
    assertThat(store.stats().memoryBytes()).isEqualTo(before + 2 * 1024);

    // a batch goes straight into it
    table.lookup(new long[] {3}, first.segment());
    assertThat(TestRows.versionOf(first.segment(), 0, 3, table.spec().rowBytes())).isZero();

    assertThat(pool.tryAcquire()).isEmpty();
    assertThat(pool.acquire(Duration.ofMillis(10))).isEmpty();
    second.close();
    second.close();
    assertThat(pool.available()).isEqualTo(1);
    assertThatThrownBy(second::segment).hasMessageContaining("given back");
    MemorySegment late = first.segment();
    pool.close();
    pool.close();
    assertThatThrownBy(() -> late.fill((byte) 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(pool::tryAcquire).hasMessageContaining("closed");
    first.close();
    assertThat(store.stats().memoryBytes()).isEqualTo(before);
  }

  @Test
  void givenACopyProbe_whenCopied_thenNothingIsLeft() {
    try (CopyProbe probe = CopyProbe.open(accelerator, 1 << 20)) {
      probe.copyPinned();
      probe.copyPageable();
    }
  }
}
