package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import dev.emberkv.uring.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Host memory that a GPU copies from and to without the processor's help; without a GPU, plain
 * memory on huge pages.
 *
 * <p>Thread-safe but for {@link #close}, behind which every access throws.
 */
final class PinnedMemory implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private final Runnable free;

  private PinnedMemory(long address, long bytes, Runnable free) {
    this.segment = MemorySegment.ofAddress(address).reinterpret(bytes, arena, null);
    this.free = free;
  }

  /** Maps plain memory. */
  static PinnedMemory onHost(long bytes) {
    NativeMemory memory = NativeMemory.reserve(bytes);
    return new PinnedMemory(memory.address(), bytes, memory::close);
  }

  /**
   * {@code CUresult cuMemHostAlloc(void **pp, size_t bytesize, unsigned int Flags)}: for all
   * contexts, and mapped into the GPU's address space under the same address. Wants the context
   * bound, also when it is closed.
   */
  static PinnedMemory forGpu(long bytes) {
    int flags = LibCuda.CU_MEMHOSTALLOC_PORTABLE() | LibCuda.CU_MEMHOSTALLOC_DEVICEMAP();
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment pointer = scratch.allocate(ValueLayout.ADDRESS);
      DriverLibrary.check("cuMemHostAlloc", LibCuda.cuMemHostAlloc(pointer, bytes, flags));
      MemorySegment memory = pointer.get(ValueLayout.ADDRESS, 0);
      return new PinnedMemory(memory.address(), bytes, () -> free(memory));
    }
  }

  /** {@code CUresult cuMemFreeHost(void *p)}. */
  private static void free(MemorySegment memory) {
    DriverLibrary.check("cuMemFreeHost", LibCuda.cuMemFreeHost(memory));
  }

  /** Returns the whole memory. */
  MemorySegment segment() {
    return segment;
  }

  @Override
  public void close() {
    arena.close();
    free.run();
  }
}
