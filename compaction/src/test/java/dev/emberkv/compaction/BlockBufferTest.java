package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** A buffer that is filled, freed and filled again under the eyes of readers without a lock. */
class BlockBufferTest {
  private static final int CAPACITY = 4 * PAGE_BYTES;

  /**
   * Every 8 bytes hold their own offset in the volume, so a reader that is told that it has the
   * bytes of an offset can see whether it does. The buffer changes its place every few
   * microseconds, and most reads happen around that.
   */
  @Test
  void aReaderGetsTheBytesOfItsOffsetOrNothing() throws Exception {
    try (NativeMemory memory = NativeMemory.reserve(1 << 20);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      BlockBuffer block = new BlockBuffer(memory.address(), CAPACITY);
      AtomicLong published = new AtomicLong(CAPACITY);
      AtomicLong hits = new AtomicLong();
      AtomicBoolean stopped = new AtomicBoolean();
      List<Future<?>> readers = new ArrayList<>();
      for (int t = 1; t <= 2; t++) {
        long target = memory.address() + t * 8L * CAPACITY;
        readers.add(threads.submit(() -> readUntil(stopped, block, published, hits, target)));
      }
      long start = CAPACITY;
      for (int uses = 0; uses < 20_000 || hits.get() < 20_000; uses++, start += CAPACITY) {
        fill(block, start, published);
        block.retire();
        assertThat(block.idle()).isTrue();
        block.unmap();
        assertThat(readers).as("a reader ended early").noneMatch(Future::isDone);
      }
      stopped.set(true);
      for (Future<?> reader : readers) {
        reader.get();
      }
    }
  }

  private static void fill(BlockBuffer block, long start, AtomicLong published) {
    block.map(start);
    for (long at = start; at < start + CAPACITY; at += 512) {
      for (int i = 0; i < 512; i += 8) {
        RawMemory.putLong(block.addressOf(at + i), at + i);
      }
      block.publish(at + 512);
      published.setRelease(at);
    }
  }

  private static void readUntil(
      AtomicBoolean stopped,
      BlockBuffer block,
      AtomicLong published,
      AtomicLong hits,
      long target) {
    while (!stopped.get()) {
      long offset = published.getAcquire();
      if (block.read(offset, target, 512)) {
        hits.incrementAndGet();
        for (int i = 0; i < 512; i += 8) {
          if (RawMemory.getLong(target + i) != offset + i) {
            throw new AssertionError(
                "%d at offset %d".formatted(RawMemory.getLong(target + i), offset + i));
          }
        }
      }
    }
  }
}
