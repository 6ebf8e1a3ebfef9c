package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * The kernels of {@code gather.ptx}, which lay rows out on the device: target row i is source row
 * index[i]. The driver compiles them for its GPU when they are loaded.
 *
 * <p>Thread-safe but for {@link #close}. All calls want the context bound.
 */
final class GatherKernel implements AutoCloseable {
  private static final String RESOURCE = "gather.ptx";
  private static final int[] UNIT_BYTES = {16, 4, 1};
  private static final int BLOCK_THREADS = 256;
  private static final int MAX_THREADS_ALONG_ROW = 32;
  private static final int MAX_BLOCKS = 4096;

  private final MemorySegment module;
  private final MemorySegment[] functions = new MemorySegment[UNIT_BYTES.length];

  private GatherKernel(MemorySegment module) {
    this.module = module;
  }

  /** {@code CUresult cuModuleLoadData(CUmodule *module, const void *image)}. */
  static GatherKernel load() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment module = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment source = arena.allocateFrom(source(), StandardCharsets.US_ASCII);
      DriverLibrary.check("cuModuleLoadData", LibCuda.cuModuleLoadData(module, source));
      GatherKernel kernel = new GatherKernel(module.get(ValueLayout.ADDRESS, 0));
      try {
        kernel.findFunctions(arena);
      } catch (RuntimeException e) {
        ResourceStack loaded = new ResourceStack();
        loaded.add(kernel);
        throw loaded.closeAfter(e);
      }
      return kernel;
    }
  }

  /** {@code CUresult cuModuleGetFunction(CUfunction *f, CUmodule mod, const char *name)}. */
  private void findFunctions(Arena arena) {
    for (int i = 0; i < UNIT_BYTES.length; i++) {
      MemorySegment function = arena.allocate(ValueLayout.ADDRESS);
      DriverLibrary.check(
          "cuModuleGetFunction",
          LibCuda.cuModuleGetFunction(
              function, module, arena.allocateFrom("emberkv_gather_" + UNIT_BYTES[i])));
      functions[i] = function.get(ValueLayout.ADDRESS, 0);
    }
  }

  /** Returns the text of the kernels. */
  static String source() {
    try (InputStream resource = GatherKernel.class.getResourceAsStream(RESOURCE)) {
      if (resource == null) {
        throw new IllegalStateException(RESOURCE + " is missing from the module");
      }
      return new String(resource.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Lays rows out, in a stream.
   *
   * @param source device address of the rows, aligned to 16 bytes, as are the others
   * @param index device address of {@code rows} u32 numbers of source rows
   * @param target device address of {@code rows} rows
   * @param rowBytes width of a row
   */
  void launch(CudaStream stream, long source, long index, long target, int rows, int rowBytes) {
    int kind = 0;
    while (rowBytes % UNIT_BYTES[kind] != 0) {
      kind++;
    }
    int units = rowBytes / UNIT_BYTES[kind];
    int alongRow = Math.min(MAX_THREADS_ALONG_ROW, Integer.highestOneBit(units));
    int overRows = BLOCK_THREADS / alongRow;
    int blocks = Math.min(MAX_BLOCKS, Math.ceilDiv(rows, overRows));
    launch(stream, functions[kind], blocks, alongRow, overRows, source, index, target, rows, units);
  }

  /**
   * {@code CUresult cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
   * unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ,
   * unsigned int sharedMemBytes, CUstream hStream, void **kernelParams, void **extra)}.
   */
  private static void launch(
      CudaStream stream,
      MemorySegment function,
      int blocks,
      int alongRow,
      int overRows,
      long source,
      long index,
      long target,
      int rows,
      int units) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = arena.allocate(ValueLayout.ADDRESS, 5);
      parameters.setAtIndex(
          ValueLayout.ADDRESS, 0, arena.allocateFrom(ValueLayout.JAVA_LONG, source));
      parameters.setAtIndex(
          ValueLayout.ADDRESS, 1, arena.allocateFrom(ValueLayout.JAVA_LONG, index));
      parameters.setAtIndex(
          ValueLayout.ADDRESS, 2, arena.allocateFrom(ValueLayout.JAVA_LONG, target));
      parameters.setAtIndex(ValueLayout.ADDRESS, 3, arena.allocateFrom(ValueLayout.JAVA_INT, rows));
      parameters.setAtIndex(
          ValueLayout.ADDRESS, 4, arena.allocateFrom(ValueLayout.JAVA_INT, units));
      DriverLibrary.check(
          "cuLaunchKernel",
          LibCuda.cuLaunchKernel(
              function,
              blocks,
              1,
              1,
              alongRow,
              overRows,
              1,
              0,
              stream.handle(),
              parameters,
              MemorySegment.NULL));
    }
  }

  /** {@code CUresult cuModuleUnload(CUmodule hmod)}. */
  @Override
  public void close() {
    DriverLibrary.check("cuModuleUnload", LibCuda.cuModuleUnload(module));
  }
}
