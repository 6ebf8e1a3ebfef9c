package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The contract of {@link IoBackend}, kept by io_uring, and what only io_uring does. */
@Tag("uring")
final class UringBackendTest extends IoBackendContract {
  @BeforeAll
  static void requireKernel() {
    KernelUring.require();
  }

  @Override
  IoBackend openBackend() {
    return IoBackend.open(IoMode.URING);
  }

  @Test
  void givenAWorkingRing_whenOpenedWithAuto_thenItIsUsed() {
    try (IoBackend auto = IoBackend.open(IoMode.AUTO)) {
      assertThat(auto.name()).isEqualTo("uring");
    }
  }

  @Test
  void givenRegisteredMemory_whenTransferred_thenTheFixedOperationsAreUsed() {
    try (NativeMemory other = NativeMemory.reserve(BLOCK);
        DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newQueue(4, memory)) {
      file.allocate(0, 4L * BLOCK);
      queue.write(file, 0, buffer(0), BLOCK, 1);
      drain(queue);
      queue.read(file, 0, memory.address() + memory.sizeBytes() - BLOCK, BLOCK, 2);
      queue.read(file, 0, other.address(), BLOCK, 3);
      drain(queue);

      assertThat(backend.counters().fixedTransfers()).isEqualTo(2);
      assertThat(backend.counters().reads()).isEqualTo(2);
    }
  }

  @Test
  void givenAFileOnARealDisk_whenWrittenAndRead_thenThePageCacheHoldsNoneOfIt() throws IOException {
    int blocks = 64;
    Path path = directory.resolve("volume");
    try (DirectFile file = backend.open(path);
        IoQueue queue = backend.newQueue(blocks, memory)) {
      Requirement.that(file.direct(), "no O_DIRECT on the file system of " + directory);
      assertThat(file.alignmentBytes()).isIn(512, 1024, 2048, 4096);
      for (int i = 0; i < blocks; i++) {
        fill(buffer(i), BLOCK, i);
        queue.write(file, (long) i * BLOCK, buffer(i), BLOCK, i);
      }
      drain(queue);
      for (int i = 0; i < blocks; i++) {
        queue.read(file, (long) i * BLOCK, buffer(i), BLOCK, i);
      }
      assertThat(drain(queue)).hasSize(blocks).values().containsOnly(BLOCK);

      try (FileChannel channel = FileChannel.open(path)) {
        assertThat(channel.map(MapMode.READ_ONLY, 0, (long) blocks * BLOCK).isLoaded())
            .as("pages are in the page cache")
            .isFalse();
      }
    }
  }

  @Test
  void givenAFileSystemInMemory_whenOpened_thenItIsNotCalledDirect() throws IOException {
    Path shm = Path.of("/dev/shm");
    Requirement.that(Files.isWritable(shm), "no writable /dev/shm");
    Path path = Files.createTempFile(shm, "emberkv", ".volume");
    try (DirectFile file = backend.open(path);
        IoQueue queue = backend.newQueue(4, memory)) {
      assertThat(file.direct()).isFalse();
      fill(buffer(0), BLOCK, 1);
      queue.write(file, 0, buffer(0), BLOCK, 1);
      drain(queue);
      queue.read(file, 0, buffer(1), BLOCK, 2);
      assertThat(drain(queue)).containsOnly(Map.entry(2L, BLOCK));
      assertThat(bytes(buffer(1), BLOCK)).isEqualTo(expected(BLOCK, 1));
    } finally {
      Files.delete(path);
    }
  }

  @Test
  void givenMoreFilesThanTheTableOfRegisteredOnes_whenAllAreRead_thenEachGivesItsOwnBytes() {
    int count = FixedFiles.SLOTS + 40;
    List<DirectFile> files = new ArrayList<>();
    try (IoQueue queue = backend.newQueue(4, memory)) {
      for (int i = 0; i < count; i++) {
        DirectFile file = backend.open(directory.resolve("volume-" + i));
        files.add(file);
        fill(buffer(0), BLOCK, 500 + i);
        queue.write(file, 0, buffer(0), BLOCK, i);
        assertThat(drain(queue)).containsValue(BLOCK);
      }
      for (int i = 0; i < count; i++) {
        queue.read(files.get(i), 0, buffer(0), BLOCK, i);
        assertThat(drain(queue)).containsValue(BLOCK);
        assertThat(bytes(buffer(0), BLOCK)).isEqualTo(expected(BLOCK, 500 + i));
      }
    } finally {
      files.forEach(DirectFile::close);
    }
  }

  @Test
  void givenAClosedAndDeletedFile_whenTheQueueIsUsedAgain_thenItsDiskSpaceIsFree()
      throws IOException {
    Path gone = directory.resolve("gone");
    try (DirectFile other = backend.open(directory.resolve("other"));
        IoQueue queue = backend.newQueue(4, memory)) {
      other.allocate(0, BLOCK);
      DirectFile file = backend.open(gone);
      file.allocate(0, 256L << 20);
      queue.read(file, 0, buffer(0), BLOCK, 1);
      drain(queue);
      file.close();
      Files.delete(gone);
      long freeWhileHeld = Files.getFileStore(directory).getUnallocatedSpace();

      queue.read(other, 0, buffer(0), BLOCK, 2);
      drain(queue);

      // The kernel lets go of the file from a work queue of its own, soon but not at once.
      long deadline = System.nanoTime() + 10_000_000_000L;
      long freed;
      do {
        freed = Files.getFileStore(directory).getUnallocatedSpace() - freeWhileHeld;
      } while (freed < 128L << 20 && System.nanoTime() < deadline);
      assertThat(freed).isGreaterThanOrEqualTo(128L << 20);
    }
  }

  @Test
  void givenAQueueOfOneThread_whenAnotherThreadAwaits_thenItIsToldWhoseItIs() throws Exception {
    try (DirectFile file = backend.open(directory.resolve("volume"));
        IoQueue queue = backend.newThreadQueue(4, memory)) {
      file.allocate(0, BLOCK);
      queue.read(file, 0, buffer(0), BLOCK, 1);
      List<Throwable> thrown = new ArrayList<>();

      Thread stranger =
          Thread.ofPlatform()
              .name("stranger")
              .start(() -> {
                try {
                  queue.await(1, (userData, result) -> {});
                } catch (IllegalStateException e) {
                  thrown.add(e);
                }
              });
      stranger.join();

      assertThat(thrown).singleElement().asString().contains("stranger", "belongs to thread");
      assertThat(drain(queue)).containsValue(BLOCK);
    }
  }

  @Test
  void givenADirectory_whenOpenedAsAFile_thenItFailsWithTheErrno() {
    assertThatThrownBy(() -> backend.open(directory))
        .isInstanceOf(IoFailure.class)
        .hasMessageContaining("EISDIR");
  }
}
