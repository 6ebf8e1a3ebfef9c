package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BufferPoolTest {
  @Test
  void givenAPool_whenAllAreAcquired_thenTheyAreDistinctAlignedAndItRunsEmpty() {
    try (NativeMemory memory = NativeMemory.reserve(1)) {
      BufferPool pool = new BufferPool(memory, 4096, 100);
      Set<Long> addresses = new HashSet<>();

      for (int i = 0; i < 100; i++) {
        long address = pool.acquire();
        assertThat(address % 4096).isZero();
        assertThat(address)
            .isBetween(memory.address(), memory.address() + memory.sizeBytes() - 4096);
        addresses.add(address);
      }

      assertThat(addresses).hasSize(100);
      assertThat(pool.acquire()).isEqualTo(BufferPool.NONE);
      assertThat(pool.available()).isZero();
    }
  }

  @Test
  void givenAReleasedBuffer_whenAcquiredAgain_thenTheHotOneComesFirst() {
    try (NativeMemory memory = NativeMemory.reserve(1)) {
      BufferPool pool = new BufferPool(memory, 8192);
      assertThat(pool.capacity()).isEqualTo((2 << 20) / 8192);
      long first = pool.acquire();
      long second = pool.acquire();

      pool.release(first);

      assertThat(pool.acquire()).isEqualTo(first).isNotEqualTo(second);
    }
  }

  @Test
  void givenAForeignOrTwiceReturnedBuffer_whenReleased_thenItIsRefused() {
    try (NativeMemory memory = NativeMemory.reserve(1)) {
      BufferPool pool = new BufferPool(memory, 4096, 4);
      long address = pool.acquire();
      pool.release(address);

      for (long wrong :
          new long[] {address, address + 8, memory.address() - 4096, address + 4 * 4096, 0}) {
        assertThatThrownBy(() -> pool.release(wrong))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("0x");
      }
      assertThat(pool.available()).isEqualTo(4);
    }
  }
}
