package dev.emberkv.cuda;

import dev.emberkv.engine.Dtype;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The rows of a batch as a DLPack {@code DLManagedTensor}: two dimensions, rows and elements.
 *
 * <p>A row of {@code i8} is given as bytes, its scale and offset included. The structure at {@link
 * #address} is what a {@code "dltensor"} capsule points to. Whoever takes it over calls its deleter
 * once, from any thread; who does not, closes this object. Either gives the batch back, so all work
 * with the tensor must be done then.
 *
 * <p>Thread-safe.
 */
public final class DlpackTensor implements AutoCloseable {
  private static final AtomicLong NEXT_NUMBER = new AtomicLong(1);

  /** Tensors that are out, by the number in their {@code manager_ctx}. */
  private static final Map<Long, DlpackTensor> OUT = new ConcurrentHashMap<>();

  private final DeviceBatch batch;
  private final long number;
  private final Arena arena;
  private final MemorySegment managed;

  private DlpackTensor(DeviceBatch batch, long number, Arena arena, MemorySegment managed) {
    this.batch = batch;
    this.number = number;
    this.arena = arena;
    this.managed = managed;
  }

  static DlpackTensor of(DeviceBatch batch, TableSpec spec, int gpu) {
    Dtype dtype = spec.dtype();
    int bits = elementBits(dtype);
    int rowElements = batch.rowBytes() * 8 / bits;
    Arena arena = Arena.ofShared();
    MemorySegment managed = arena.allocate(DlpackLayout.MANAGED_BYTES, 8);
    long[] shape = {batch.rowCount(), dtype == Dtype.I8 ? rowElements : spec.dim()};
    long[] strides = {rowElements, 1};
    DlpackLayout.write(
        managed,
        new DlpackLayout.Fields(
            batch.address(),
            gpu < 0 ? DlpackLayout.CPU : DlpackLayout.CUDA,
            Math.max(gpu, 0),
            elementCode(dtype),
            bits,
            arena.allocateFrom(ValueLayout.JAVA_LONG, shape),
            arena.allocateFrom(ValueLayout.JAVA_LONG, strides),
            shape.length));
    long number = NEXT_NUMBER.getAndIncrement();
    DlpackLayout.writeManager(managed, number, Deleter.STUB);
    DlpackTensor tensor = new DlpackTensor(batch, number, arena, managed);
    OUT.put(number, tensor);
    return tensor;
  }

  private static int elementBits(Dtype dtype) {
    return switch (dtype) {
      case F32 -> 32;
      case F16, BF16 -> 16;
      case I8 -> 8;
    };
  }

  private static int elementCode(Dtype dtype) {
    return switch (dtype) {
      case F32, F16 -> DlpackLayout.FLOAT;
      case BF16 -> DlpackLayout.BFLOAT;
      case I8 -> DlpackLayout.UINT;
    };
  }

  /** Returns the address of the {@code DLManagedTensor}. */
  public long address() {
    return managed.address();
  }

  /** Returns the structure, 64 bytes; it must not be read once the tensor was deleted. */
  MemorySegment structure() {
    return managed;
  }

  /** Gives the batch back, if nobody took the tensor over and deleted it. */
  @Override
  public void close() {
    if (OUT.remove(number, this)) {
      arena.close();
      batch.close();
    }
  }

  /** {@code void (*deleter)(struct DLManagedTensor *self)}, one for all tensors. */
  private static final class Deleter {
    static final MemorySegment STUB = stub();

    private static MemorySegment stub() {
      try {
        MethodHandle delete =
            MethodHandles.lookup()
                .findStatic(
                    Deleter.class,
                    "delete",
                    MethodType.methodType(void.class, MemorySegment.class));
        return Linker.nativeLinker()
            .upcallStub(delete, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS), Arena.global());
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    /** An exception out of an upcall ends the process; {@link DeviceBatch#close} throws none. */
    @SuppressWarnings("unused") // Called through STUB.
    private static void delete(MemorySegment self) {
      DlpackTensor tensor = OUT.get(DlpackLayout.manager(self));
      if (tensor != null) {
        tensor.close();
      }
    }
  }
}
