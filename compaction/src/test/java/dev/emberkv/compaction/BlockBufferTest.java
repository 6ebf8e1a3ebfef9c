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
      long end = System.nanoTime() + 1_500_000_000L;
      List<Future<?>> readers = new ArrayList<>();
      for (int t = 1; t <= 2; t++) {
        long target = memory.address() + t * 8L * CAPACITY;
        readers.add(threads.submit(() -> readUntil(end, block, published, hits, target)));
      }
      int uses = 0;
      for (long start = CAPACITY; System.nanoTime() < end; start += CAPACITY) {
        fill(block, start, published);
        block.retire();
        assertThat(block.idle()).isTrue();
        block.unmap();
        uses++;
      }
      for (Future<?> reader : readers) {
        reader.get();
      }
      assertThat(uses).isGreaterThan(1000);
      assertThat(hits.get()).isGreaterThan(1000);
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
      long end, BlockBuffer block, AtomicLong published, AtomicLong hits, long target) {
    long found = 0;
    while (System.nanoTime() < end) {
      long offset = published.getAcquire();
      if (block.read(offset, target, 512)) {
        found++;
        for (int i = 0; i < 512; i += 8) {
          if (RawMemory.getLong(target + i) != offset + i) {
            throw new AssertionError(
                "%d at offset %d".formatted(RawMemory.getLong(target + i), offset + i));
          }
        }
      }
    }
    hits.addAndGet(found);
  }
}
