package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every backend does; each backend has a subclass that runs all of it. */
abstract class IoBackendContract {
  static final int BLOCK = 4096;
  private static final int DEPTH = 16;

  @TempDir Path directory;
  NativeMemory memory;
  IoBackend backend;

  abstract IoBackend openBackend();

  @BeforeEach
  void open() {
    memory = NativeMemory.reserve(8L << 20);
    backend = openBackend();
  }

  @AfterEach
  void close() {
    backend.close();
    memory.close();
  }

  long buffer(int index) {
    return memory.address() + (long) index * BLOCK;
  }

  static void fill(long address, int lengthBytes, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < lengthBytes; i += 8) {
      RawMemory.putLong(address + i, random.nextLong());
    }
  }

  static byte[] bytes(long address, int lengthBytes) {
    return RawMemory.all().asSlice(address, lengthBytes).toArray(ValueLayout.JAVA_BYTE);
  }

  static byte[] expected(int lengthBytes, long seed) {
    try (NativeMemory scratch = NativeMemory.reserve(lengthBytes)) {
      fill(scratch.address(), lengthBytes, seed);
      return bytes(scratch.address(), lengthBytes);
    }
  }

  /** Awaits everything in flight and returns the results by user data. */
  static Map<Long, Integer> drain(IoQueue queue) {
    Map<Long, Integer> results = new HashMap<>();
    while (queue.inFlight() > 0) {
      queue.await(
          queue.inFlight(),
          (userData, result) -> assertThat(results.put(userData, result)).isNull());
    }
    return results;
  }

  @Test
  void givenAWrittenBlock_whenItIsReadBack_thenTheBytesAreThose() throws Exception {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      fill(buffer(0), BLOCK, 1);
      queue.write(file, 3L * BLOCK, buffer(0), BLOCK, 70);
      assertThat(drain(queue)).containsExactly(Map.entry(70L, BLOCK));

      queue.read(file, 3L * BLOCK, buffer(1), BLOCK, 71);
      queue.read(file, 0, buffer(2), BLOCK, 72);

      assertThat(drain(queue)).containsOnly(Map.entry(71L, BLOCK), Map.entry(72L, BLOCK));
      assertThat(bytes(buffer(1), BLOCK)).isEqualTo(expected(BLOCK, 1));
      assertThat(bytes(buffer(2), BLOCK)).containsOnly(0);
      assertThat(file.sizeBytes()).isEqualTo(4L * BLOCK);
      assertThat(Files.size(file.path())).isEqualTo(4L * BLOCK);
    }
  }

  @Test
  void givenMemoryThatIsNotRegistered_whenTransferred_thenItWorksToo() {
    try (NativeMemory other = NativeMemory.reserve(BLOCK);
        DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory);
        IoQueue bare = backend.newQueue(DEPTH, null)) {
      fill(other.address(), BLOCK, 2);
      queue.write(file, 0, other.address(), BLOCK, 1);
      assertThat(drain(queue)).containsValue(BLOCK);

      bare.read(file, 0, buffer(0), BLOCK, 2);

      assertThat(drain(bare)).containsValue(BLOCK);
      assertThat(bytes(buffer(0), BLOCK)).isEqualTo(expected(BLOCK, 2));
    }
  }

  @Test
  void givenRandomBatchesOfReadsAndWrites_whenReplayed_thenEveryReadSeesTheLastWrite() {
    long seed = System.nanoTime();
    System.out.println("random batches: seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int blocks = 128;
    long[] content = new long[blocks];
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, (long) blocks * BLOCK);
      for (int round = 0; round < 60; round++) {
        Set<Integer> touched = new HashSet<>();
        List<Runnable> checks = new ArrayList<>();
        int requests = random.nextInt(1, DEPTH + 1);
        for (int i = 0; i < requests; i++) {
          int block = random.nextInt(blocks);
          if (!touched.add(block)) {
            continue;
          }
          long address = buffer(i);
          if (random.nextBoolean()) {
            content[block] = random.nextLong();
            fill(address, BLOCK, content[block]);
            queue.write(file, (long) block * BLOCK, address, BLOCK, block);
          } else {
            queue.read(file, (long) block * BLOCK, address, BLOCK, block);
            byte[] wanted = content[block] == 0 ? new byte[BLOCK] : expected(BLOCK, content[block]);
            checks.add(() -> assertThat(bytes(address, BLOCK)).isEqualTo(wanted));
          }
        }
        assertThat(drain(queue)).hasSize(touched.size()).values().containsOnly(BLOCK);
        checks.forEach(Runnable::run);
      }
    }
  }

  @Test
  void givenAFullQueue_whenOneMoreIsTaken_thenItIsRefusedAndTheRestIsUnharmed() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(3, memory)) {
      file.allocate(0, 8L * BLOCK);
      for (int i = 0; i < 3; i++) {
        queue.read(file, 0, buffer(i), BLOCK, i);
      }

      assertThatThrownBy(() -> queue.read(file, 0, buffer(4), BLOCK, 4))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("all 3 requests");

      assertThat(queue.inFlight()).isEqualTo(queue.depth()).isEqualTo(3);
      assertThat(drain(queue)).hasSize(3).values().containsOnly(BLOCK);
    }
  }

  @Test
  void givenManyMoreRequestsThanDepth_whenTheHandlerTakesTheNext_thenAllFinish() {
    int total = 1000;
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, 64L * BLOCK);
      int[] state = new int[2];
      CompletionHandler handler =
          (userData, result) -> {
            assertThat(result).isEqualTo(BLOCK);
            state[1]++;
            if (state[0] < total) {
              queue.read(file, (state[0] % 64L) * BLOCK, buffer((int) userData), BLOCK, userData);
              state[0]++;
            }
          };
      for (int i = 0; i < DEPTH; i++) {
        queue.read(file, 0, buffer(i), BLOCK, i);
        state[0]++;
      }

      while (queue.inFlight() > 0) {
        queue.await(1, handler);
      }

      assertThat(state[1]).isEqualTo(total);
      assertThat(backend.counters().reads()).isEqualTo(total);
      assertThat(backend.counters().readBytes()).isEqualTo((long) total * BLOCK);
    }
  }

  @Test
  void givenSubmittedRequests_whenPolledWithMinimumZero_thenTheyArriveWithoutWaiting() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, 4L * BLOCK);
      assertThat(queue.await(0, (userData, result) -> {})).isZero();
      queue.read(file, 0, buffer(0), BLOCK, 1);
      queue.submit();

      long deadline = System.nanoTime() + 10_000_000_000L;
      int handed = 0;
      while (handed == 0 && System.nanoTime() < deadline) {
        handed = queue.await(0, (userData, result) -> {});
      }

      assertThat(handed).isEqualTo(1);
    }
  }

  @Test
  void givenAReadPastTheEnd_whenItFinishes_thenTheHandlerSeesEnodata() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, BLOCK);
      queue.read(file, 0, buffer(0), 2 * BLOCK, 1);
      queue.read(file, 64L * BLOCK, buffer(2), BLOCK, 2);
      queue.read(file, 0, buffer(3), BLOCK, 3);

      assertThat(drain(queue))
          .containsOnly(
              Map.entry(1L, -Errno.ENODATA), Map.entry(2L, -Errno.ENODATA), Map.entry(3L, BLOCK));
      assertThat(backend.counters().failures()).isEqualTo(2);
    }
  }

  @Test
  void givenAFileWhoseEndIsInsideABlock_whenReadAcrossIt_thenTheHandlerSeesEnodata()
      throws Exception {
    Path path = directory.resolve("odd");
    Files.write(path, new byte[BLOCK + 100]);
    try (DirectFile file = backend.open(path);
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      queue.read(file, BLOCK, buffer(0), BLOCK, 1);

      assertThat(drain(queue)).containsOnly(Map.entry(1L, -Errno.ENODATA));
    }
  }

  @Test
  void givenATransferOfSeveralMegabytes_whenItFinishes_thenItIsWhole() {
    int length = 4 << 20;
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      fill(memory.address(), length, 3);
      queue.write(file, 0, memory.address(), length, 1);
      assertThat(drain(queue)).containsOnly(Map.entry(1L, length));

      queue.read(file, 0, memory.address() + length, length, 2);

      assertThat(drain(queue)).containsOnly(Map.entry(2L, length));
      assertThat(bytes(memory.address() + length, length)).isEqualTo(expected(length, 3));
    }
  }

  @Test
  void givenWrites_whenSyncedThroughTheQueueAndTheFile_thenBothReportSuccess() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      fill(buffer(0), BLOCK, 4);
      queue.write(file, 0, buffer(0), BLOCK, 1);
      drain(queue);

      queue.sync(file, 2);

      assertThat(drain(queue)).containsOnly(Map.entry(2L, 0));
      file.sync();
      assertThat(backend.counters().syncs()).isEqualTo(1);
      assertThat(backend.counters().writes()).isEqualTo(1);
    }
  }

  @Test
  void givenABatch_whenSubmittedOnce_thenTheCountersShowOneSubmitForAllOfIt() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, (long) DEPTH * BLOCK);
      IoCounters before = backend.counters();
      for (int i = 0; i < DEPTH; i++) {
        queue.read(file, (long) i * BLOCK, buffer(i), BLOCK, i);
      }
      queue.await(DEPTH, (userData, result) -> {});

      IoCounters batch = backend.counters().since(before);
      assertThat(batch.reads()).isEqualTo(DEPTH);
      assertThat(batch.submits()).isBetween(1L, (long) DEPTH / 2);
    }
  }

  @Test
  void givenAPunchedHole_whenRead_thenItIsZerosAndTheRestStays() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      for (int i = 0; i < 4; i++) {
        fill(buffer(i), BLOCK, 10 + i);
        queue.write(file, (long) i * BLOCK, buffer(i), BLOCK, i);
      }
      drain(queue);

      file.punchHole(BLOCK, 2L * BLOCK);

      queue.read(file, 0, buffer(8), 4 * BLOCK, 1);
      drain(queue);
      assertThat(bytes(buffer(8), BLOCK)).isEqualTo(expected(BLOCK, 10));
      assertThat(bytes(buffer(9), 2 * BLOCK)).containsOnly(0);
      assertThat(bytes(buffer(11), BLOCK)).isEqualTo(expected(BLOCK, 13));
      assertThat(file.sizeBytes()).isEqualTo(4L * BLOCK);
    }
  }

  @Test
  void givenDataInARange_whenItIsAllocatedAgain_thenTheDataStays() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      fill(buffer(0), BLOCK, 5);
      queue.write(file, BLOCK, buffer(0), BLOCK, 1);
      drain(queue);

      file.allocate(0, 16L * BLOCK);

      assertThat(file.sizeBytes()).isEqualTo(16L * BLOCK);
      queue.read(file, BLOCK, buffer(1), BLOCK, 2);
      drain(queue);
      assertThat(bytes(buffer(1), BLOCK)).isEqualTo(expected(BLOCK, 5));
    }
  }

  @Test
  void givenWrongArguments_whenTaken_thenTheMessageNamesArgumentAndRange() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      assertThatThrownBy(() -> queue.read(file, 100, buffer(0), BLOCK, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("fileOffset");
      assertThatThrownBy(() -> queue.read(file, 0, buffer(0) + 1, BLOCK, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("address");
      assertThatThrownBy(() -> queue.write(file, 0, buffer(0), BLOCK + 1, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("lengthBytes");
      assertThatThrownBy(() -> queue.await(1, (userData, result) -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("minimum");
      assertThatThrownBy(() -> backend.newQueue(IoBackend.MAX_DEPTH + 1, memory))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("depth");
      assertThat(queue.inFlight()).isZero();
    }
  }

  @Test
  void givenAPathThatCantBeOpened_whenOpened_thenTheFailureNamesItAndTheErrno() {
    Path path = directory.resolve("no").resolve("such").resolve("directory");

    assertThatThrownBy(() -> backend.open(path))
        .isInstanceOf(IoFailure.class)
        .hasMessageContaining(path.toString())
        .extracting(e -> ((IoFailure) e).errno())
        .isEqualTo(Errno.ENOENT);
  }

  @Test
  void givenAHandlerThatThrows_whenAwaited_thenTheRestIsHandedOverByTheNextCall() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, 4L * BLOCK);
      for (int i = 0; i < 4; i++) {
        queue.read(file, 0, buffer(i), BLOCK, i);
      }

      assertThatThrownBy(() ->
              queue.await(
                  4,
                  (userData, result) -> {
                    throw new ArithmeticException("from the handler");
                  }))
          .isInstanceOf(ArithmeticException.class);

      assertThat(queue.inFlight()).isEqualTo(3);
      assertThat(drain(queue)).hasSize(3).values().containsOnly(BLOCK);
    }
  }

  @Test
  void givenAQueueUsedByManyThreadsInTurn_whenHandedOver_thenEachSeesItsOwnResults()
      throws ExecutionException, InterruptedException {
    QueuePool.Options options = new QueuePool.Options(2, DEPTH, DEPTH, BLOCK);
    try (DirectFile file = backend.open(directory.resolve("volume"));
        QueuePool pool = new QueuePool(backend, options)) {
      int blocks = 64;
      try (IoQueue queue = backend.newQueue(DEPTH, memory)) {
        for (int i = 0; i < blocks; i++) {
          fill(buffer(0), BLOCK, 100 + i);
          queue.write(file, (long) i * BLOCK, buffer(0), BLOCK, i);
          drain(queue);
        }
      }
      List<Future<Integer>> readers = new ArrayList<>();
      try (var threads = Executors.newFixedThreadPool(6)) {
        for (int t = 0; t < 6; t++) {
          long seed = t;
          readers.add(threads.submit(() -> readRandomly(pool, file, blocks, seed)));
        }
        for (Future<Integer> reader : readers) {
          assertThat(reader.get()).isEqualTo(40 * DEPTH);
        }
      }
    }
  }

  private static int readRandomly(QueuePool pool, DirectFile file, int blocks, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int verified = 0;
    for (int round = 0; round < 40; round++) {
      try (QueuePool.Lease lease = pool.acquire()) {
        long[] addresses = new long[DEPTH];
        int[] chosen = new int[DEPTH];
        for (int i = 0; i < DEPTH; i++) {
          addresses[i] = lease.buffers().acquire();
          chosen[i] = random.nextInt(blocks);
          lease.queue().read(file, (long) chosen[i] * BLOCK, addresses[i], BLOCK, i);
        }
        assertThat(drain(lease.queue())).hasSize(DEPTH).values().containsOnly(BLOCK);
        for (int i = 0; i < DEPTH; i++) {
          assertThat(bytes(addresses[i], BLOCK)).isEqualTo(expected(BLOCK, 100 + chosen[i]));
          verified++;
        }
      }
    }
    return verified;
  }

  @Test
  void givenAQueueOfOneThread_whenThatThreadUsesIt_thenItReadsWhatItWrote() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newThreadQueue(DEPTH, memory)) {
      fill(buffer(0), BLOCK, 6);
      queue.write(file, 0, buffer(0), BLOCK, 1);
      assertThat(drain(queue)).containsOnly(Map.entry(1L, BLOCK));

      queue.read(file, 0, buffer(1), BLOCK, 2);

      assertThat(drain(queue)).containsOnly(Map.entry(2L, BLOCK));
      assertThat(bytes(buffer(1), BLOCK)).isEqualTo(expected(BLOCK, 6));
    }
  }

  @Test
  void givenAVirtualThread_whenItAsksForAQueueOfItsOwn_thenItIsRefused() throws Exception {
    List<Throwable> thrown = new ArrayList<>();
    Thread.ofVirtual()
        .start(() -> {
          try (IoQueue queue = backend.newThreadQueue(DEPTH, null)) {
            thrown.add(new AssertionError("got " + queue));
          } catch (IllegalStateException e) {
            thrown.add(e);
          }
        })
        .join();

    assertThat(thrown).singleElement().isInstanceOf(IllegalStateException.class);
  }

  @Test
  void givenAnInterruptedCaller_whenItReadsAndSyncs_thenTheFileSurvivesAndTheFlagStays() {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(DEPTH, memory)) {
      file.allocate(0, 4L * BLOCK);
      Thread.currentThread().interrupt();

      queue.read(file, 0, buffer(0), BLOCK, 1);
      Map<Long, Integer> results = drain(queue);
      file.sync();

      assertThat(Thread.interrupted()).isTrue();
      assertThat(results).containsOnly(Map.entry(1L, BLOCK));
      assertThat(file.sizeBytes()).isEqualTo(4L * BLOCK);
    }
  }

  @Test
  void givenAClosedFile_whenAnotherIsOpenedInItsPlace_thenTheQueueReadsTheNewOne() {
    try (IoQueue queue = backend.newQueue(DEPTH, memory)) {
      for (int i = 0; i < 100; i++) {
        try (DirectFile file = backend.open(directory.resolve("volume-" + i))) {
          fill(buffer(0), BLOCK, 1000 + i);
          queue.write(file, 0, buffer(0), BLOCK, 1);
          assertThat(drain(queue)).containsOnly(Map.entry(1L, BLOCK));
          queue.read(file, 0, buffer(1), BLOCK, 2);
          assertThat(drain(queue)).containsOnly(Map.entry(2L, BLOCK));
          assertThat(bytes(buffer(1), BLOCK)).isEqualTo(expected(BLOCK, 1000 + i));
        }
      }
    }
  }
}
