package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A queue on a real ring whose answers are bent: what it hides, and what it passes on. */
@Tag("uring")
final class UringQueueFaultTest {
  private static final int BLOCK = 4096;
  private static final int DEPTH = 8;

  @TempDir Path directory;
  private NativeMemory memory;
  private UringBackend backend;
  private FaultyRing ring;
  private DirectFile file;

  @BeforeAll
  static void requireKernel() {
    KernelUring.require();
  }

  @BeforeEach
  void open() {
    memory = NativeMemory.reserve(2L << 20);
    backend = new UringBackend();
    ring = new FaultyRing(DEPTH);
    file = backend.open(directory.resolve("volume"));
    file.allocate(0, 64L * BLOCK);
    try (IoQueue writer = backend.newQueue(1, null)) {
      IoBackendContract.fill(memory.address(), 8 * BLOCK, 42);
      writer.write(file, 0, memory.address(), 8 * BLOCK, 0);
      IoBackendContract.drain(writer);
    }
    RawMemory.clear(memory.address(), 8L * BLOCK);
  }

  @AfterEach
  void close() {
    file.close();
    memory.close();
  }

  private static IntUnaryOperator answer(int result) {
    return ignored -> result;
  }

  @Test
  void givenShortReads_whenTheRestIsContinued_thenTheHandlerSeesOneWholeRead() {
    ring.completionFaults.add(answer(2 * BLOCK));
    ring.completionFaults.add(answer(BLOCK));
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.read(file, 0, memory.address(), 8 * BLOCK, 7);

      assertThat(IoBackendContract.drain(queue)).containsOnly(Map.entry(7L, 8 * BLOCK));
      assertThat(IoBackendContract.bytes(memory.address(), 8 * BLOCK))
          .isEqualTo(IoBackendContract.expected(8 * BLOCK, 42));
      assertThat(backend.counters().retries()).isEqualTo(2);
      assertThat(backend.counters().reads()).isEqualTo(1);
    }
  }

  @Test
  void givenAReadReportedShort_whenContinued_thenOnlyTheRestIsReadAgain() {
    ring.completionFaults.add(result -> {
      // What was reported as moved must not be touched by the continuation.
      RawMemory.putLong(memory.address(), 0x5555555555555555L);
      return BLOCK;
    });
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.read(file, 0, memory.address(), 2 * BLOCK, 7);
      IoBackendContract.drain(queue);

      assertThat(RawMemory.getLong(memory.address())).isEqualTo(0x5555555555555555L);
    }
  }

  @Test
  void givenInterruptedAndRefusedRequests_whenTriedAgain_thenTheHandlerNeverKnows() {
    ring.completionFaults.add(answer(-Errno.EINTR));
    ring.completionFaults.add(answer(-Errno.EAGAIN));
    ring.completionFaults.add(answer(-Errno.EINTR));
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.write(file, 0, memory.address(), BLOCK, 1);

      assertThat(IoBackendContract.drain(queue)).containsOnly(Map.entry(1L, BLOCK));
      assertThat(backend.counters().retries()).isEqualTo(3);
      assertThat(backend.counters().failures()).isZero();
    }
  }

  @Test
  void givenARequestThatIsRefusedForever_whenTheBoundIsReached_thenTheHandlerSeesEagain() {
    ring.completionFaults.addAll(
        Collections.nCopies(Transfers.MAX_FRUITLESS_TRIES, answer(-Errno.EAGAIN)));
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.read(file, 0, memory.address(), BLOCK, 1);

      assertThat(IoBackendContract.drain(queue)).containsOnly(Map.entry(1L, -Errno.EAGAIN));
      assertThat(ring.completionFaults).isEmpty();
      assertThat(backend.counters().retries()).isEqualTo(Transfers.MAX_FRUITLESS_TRIES - 1);
    }
  }

  @Test
  void givenAnErrorOnOneRequestOfABatch_whenAwaited_thenOnlyThatOneFails() {
    ring.completionFaults.add(IntUnaryOperator.identity());
    ring.completionFaults.add(answer(-Errno.EIO));
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      for (int i = 0; i < DEPTH; i++) {
        queue.read(file, (long) i * BLOCK, memory.address() + (long) i * BLOCK, BLOCK, i);
      }

      Map<Long, Integer> results = IoBackendContract.drain(queue);

      assertThat(results).hasSize(DEPTH);
      assertThat(results.values()).filteredOn(result -> result == -Errno.EIO).hasSize(1);
      assertThat(results.values()).filteredOn(result -> result == BLOCK).hasSize(DEPTH - 1);
      assertThat(backend.counters().failures()).isEqualTo(1);
    }
  }

  @Test
  void givenASyncThatFails_whenAwaited_thenItIsNotTriedAgain() {
    ring.completionFaults.add(answer(-Errno.EINTR));
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.sync(file, 3);

      assertThat(IoBackendContract.drain(queue)).containsOnly(Map.entry(3L, -Errno.EINTR));
      assertThat(backend.counters().retries()).isZero();
    }
  }

  @Test
  void givenAKernelThatIsShortOfMemoryForAMoment_whenEntered_thenItIsTriedAgain() {
    ring.enterFaults.add(Errno.EAGAIN);
    ring.enterFaults.add(Errno.EBUSY);
    ring.enterFaults.addAll(Collections.nCopies(200, Errno.EINTR));
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.read(file, 0, memory.address(), BLOCK, 1);

      assertThat(IoBackendContract.drain(queue)).containsOnly(Map.entry(1L, BLOCK));
      assertThat(ring.enterFaults).isEmpty();
    }
  }

  @Test
  void givenAKernelThatStaysShortOfMemory_whenEntered_thenTheQueueFailsWithTheErrno() {
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      queue.read(file, 0, memory.address(), BLOCK, 1);
      ring.enterFaults.addAll(Collections.nCopies(Transfers.MAX_FRUITLESS_TRIES, Errno.EAGAIN));

      assertThatThrownBy(queue::submit)
          .isInstanceOf(IoFailure.class)
          .hasMessageContaining("EAGAIN")
          .hasMessageContaining("io_uring_enter");
      assertThat(ring.enterFaults).isEmpty();
      assertThat(IoBackendContract.drain(queue)).containsOnly(Map.entry(1L, BLOCK));
    }
  }

  @Test
  void givenAMemlockLimitThatForbidsRegistering_whenReadAndWritten_thenTransfersArePlain() {
    ring.registerBuffersAnswer = -Errno.ENOMEM;
    ring.registerFilesAnswer = -Errno.EMFILE;
    try (UringQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      assertThat(queue.bufferErrno()).isEqualTo(Errno.ENOMEM);
      queue.read(file, 0, memory.address(), 8 * BLOCK, 1);
      queue.sync(file, 2);

      assertThat(IoBackendContract.drain(queue))
          .containsOnly(Map.entry(1L, 8 * BLOCK), Map.entry(2L, 0));
      assertThat(backend.counters().fixedTransfers()).isZero();
      assertThat(IoBackendContract.bytes(memory.address(), 8 * BLOCK))
          .isEqualTo(IoBackendContract.expected(8 * BLOCK, 42));
    }
  }

  @Test
  void givenRandomFaults_whenAThousandReadsRun_thenEveryHandlerSeesTheWholeOrAnError() {
    long seed = System.nanoTime();
    System.out.println("random faults: seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] whole = IoBackendContract.expected(8 * BLOCK, 42);
    int[] failed = new int[1];
    try (IoQueue queue = backend.queueOn(ring, DEPTH, memory, null)) {
      for (int i = 0; i < 1000; i++) {
        RawMemory.clear(memory.address(), 8L * BLOCK);
        int faults = random.nextInt(4);
        for (int f = 0; f < faults; f++) {
          ring.completionFaults.add(randomFault(random));
        }
        queue.read(file, 0, memory.address(), 8 * BLOCK, i);
        queue.await(
            1,
            (userData, result) -> {
              if (result < 0) {
                assertThat(result).isEqualTo(-Errno.EIO);
                failed[0]++;
              } else {
                assertThat(result).isEqualTo(8 * BLOCK);
                assertThat(IoBackendContract.bytes(memory.address(), 8 * BLOCK)).isEqualTo(whole);
              }
            });
        ring.completionFaults.clear();
      }
    }
    assertThat(backend.counters().reads() + backend.counters().failures()).isEqualTo(1000);
    assertThat(backend.counters().failures()).isEqualTo(failed[0]);
  }

  private static IntUnaryOperator randomFault(SplittableRandom random) {
    return switch (random.nextInt(4)) {
      case 0 -> answer(-Errno.EINTR);
      case 1 -> answer(-Errno.EAGAIN);
      case 2 -> answer(-Errno.EIO);
      default -> result -> result > BLOCK ? random.nextInt(1, result / BLOCK) * BLOCK : result;
    };
  }
}
