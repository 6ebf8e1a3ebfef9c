package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QueuePoolTest {
  private static final int BLOCK = 4096;

  @TempDir Path directory;

  @Test
  void givenAllQueuesLent_whenAnotherIsWanted_thenItWaitsUntilOneComesBack() throws Exception {
    try (IoBackend backend = new ChannelBackend();
        QueuePool pool = new QueuePool(backend, new QueuePool.Options(1, 4, 4, BLOCK))) {
      QueuePool.Lease first = pool.acquire();
      assertThat(pool.tryAcquire(1_000_000)).isNull();
      IoQueue queue = first.queue();

      Thread returner =
          Thread.ofPlatform()
              .start(() -> {
                sleep(20);
                first.close();
              });
      try (QueuePool.Lease second = pool.acquire()) {
        assertThat(second.queue()).as("the same queue is lent again").isSameAs(queue);
      }
      returner.join();
    }
  }

  @Test
  void givenALeaseClosedInMidBatch_whenTheQueueIsLentAgain_thenNothingIsInFlight() {
    try (IoBackend backend = new ChannelBackend();
        DirectFile file = backend.open(directory.resolve("volume"));
        QueuePool pool = new QueuePool(backend, new QueuePool.Options(1, 4, 4, BLOCK))) {
      file.allocate(0, 4L * BLOCK);
      try (QueuePool.Lease lease = pool.acquire()) {
        for (int i = 0; i < 4; i++) {
          lease.queue().read(file, 0, lease.buffers().acquire(), BLOCK, i);
        }
        assertThat(lease.buffers().acquire()).isEqualTo(BufferPool.NONE);
        assertThat(pool.inFlight()).isEqualTo(4);
      }

      try (QueuePool.Lease lease = pool.acquire()) {
        assertThat(lease.queue().inFlight()).isZero();
        assertThat(pool.inFlight()).isZero();
        assertThat(lease.buffers().available()).isEqualTo(4);
      }
    }
  }

  @Test
  void givenAQueueStillLent_whenThePoolIsClosed_thenItSaysSo() {
    try (IoBackend backend = new ChannelBackend()) {
      QueuePool pool = new QueuePool(backend, new QueuePool.Options(2, 4, 4, BLOCK));
      QueuePool.Lease lease = pool.acquire();

      assertThatThrownBy(pool::close).isInstanceOf(IllegalStateException.class);

      lease.close();
      pool.close();
      assertThatThrownBy(pool::acquire)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
      assertThatThrownBy(lease::queue).isInstanceOf(IllegalStateException.class);
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
