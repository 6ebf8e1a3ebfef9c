package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of DLPack's {@code DLManagedTensor} ({@code dlpack.h}, the unversioned structure that
 * {@code "dltensor"} capsules hold) on 64-bit platforms.
 *
 * <pre>
 *  0 void *data              24 int64_t *shape          48 void *manager_ctx
 *  8 int32_t device_type     32 int64_t *strides        56 void (*deleter)(struct DLManagedTensor *)
 * 12 int32_t device_id       40 uint64_t byte_offset
 * 16 int32_t ndim
 * 20 uint8_t code, uint8_t bits, uint16_t lanes
 * </pre>
 */
final class DlpackLayout {
  static final long MANAGED_BYTES = 64;

  /** {@code kDLCPU}. */
  static final int CPU = 1;

  /** {@code kDLCUDA}. */
  static final int CUDA = 2;

  /** {@code kDLUInt}. */
  static final int UINT = 1;

  /** {@code kDLFloat}. */
  static final int FLOAT = 2;

  /** {@code kDLBfloat}. */
  static final int BFLOAT = 4;

  static final long DATA = 0;
  static final long DEVICE_TYPE = 8;
  static final long DEVICE_ID = 12;
  static final long NDIM = 16;
  static final long CODE = 20;
  static final long BITS = 21;
  static final long LANES = 22;
  static final long SHAPE = 24;
  static final long STRIDES = 32;
  static final long BYTE_OFFSET = 40;
  static final long MANAGER = 48;
  static final long DELETER = 56;

  private DlpackLayout() {}

  /**
   * The fields of a tensor.
   *
   * @param data device address of the first element
   * @param deviceType {@link #CPU} or {@link #CUDA}
   * @param deviceId the GPU's number
   * @param code kind of the elements
   * @param bits width of an element
   * @param shape int64 extents
   * @param strides int64 distances in elements
   * @param dimensions how many of each
   */
  record Fields(
      long data,
      int deviceType,
      int deviceId,
      int code,
      int bits,
      MemorySegment shape,
      MemorySegment strides,
      int dimensions) {}

  static void write(MemorySegment tensor, Fields fields) {
    tensor.set(ValueLayout.JAVA_LONG, DATA, fields.data);
    tensor.set(ValueLayout.JAVA_INT, DEVICE_TYPE, fields.deviceType);
    tensor.set(ValueLayout.JAVA_INT, DEVICE_ID, fields.deviceId);
    tensor.set(ValueLayout.JAVA_INT, NDIM, fields.dimensions);
    tensor.set(ValueLayout.JAVA_BYTE, CODE, (byte) fields.code);
    tensor.set(ValueLayout.JAVA_BYTE, BITS, (byte) fields.bits);
    tensor.set(ValueLayout.JAVA_SHORT, LANES, (short) 1);
    tensor.set(ValueLayout.ADDRESS, SHAPE, fields.shape);
    tensor.set(ValueLayout.ADDRESS, STRIDES, fields.strides);
    tensor.set(ValueLayout.JAVA_LONG, BYTE_OFFSET, 0);
  }

  static void writeManager(MemorySegment tensor, long number, MemorySegment deleter) {
    tensor.set(ValueLayout.JAVA_LONG, MANAGER, number);
    tensor.set(ValueLayout.ADDRESS, DELETER, deleter);
  }

  /** Returns the number that {@link #writeManager} wrote into the structure at a bare address. */
  static long manager(MemorySegment address) {
    return address.reinterpret(MANAGED_BYTES).get(ValueLayout.JAVA_LONG, MANAGER);
  }
}
