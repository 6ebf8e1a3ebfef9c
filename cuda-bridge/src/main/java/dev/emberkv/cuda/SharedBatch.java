package dev.emberkv.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What another process on the same machine needs to open a batch: CUDA's IPC handles, and where the
 * rows are. Immutable; {@link #toBytes} gives it a form to be sent.
 *
 * <p>The sender keeps the batch until the receiver says that it has closed its side.
 */
public final class SharedBatch {
  private static final int HANDLE_BYTES = 64;

  /** The size of {@link #toBytes}. */
  public static final int BYTES = 2 * HANDLE_BYTES + Long.BYTES + 2 * Integer.BYTES;

  private final byte[] memoryHandle;
  private final long offset;
  private final byte[] eventHandle;
  private final int rowCount;
  private final int rowBytes;

  SharedBatch(byte[] memoryHandle, long offset, byte[] eventHandle, int rowCount, int rowBytes) {
    this.memoryHandle = memoryHandle;
    this.offset = offset;
    this.eventHandle = eventHandle;
    this.rowCount = rowCount;
    this.rowBytes = rowBytes;
  }

  /** Returns the {@value #BYTES} bytes to be sent, little-endian. */
  public byte[] toBytes() {
    return ByteBuffer.allocate(BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(memoryHandle)
        .put(eventHandle)
        .putLong(offset)
        .putInt(rowCount)
        .putInt(rowBytes)
        .array();
  }

  /**
   * Reads what {@link #toBytes} made.
   *
   * @throws IllegalArgumentException when the length is another
   */
  public static SharedBatch of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(
          "a shared batch has %d bytes, not %d".formatted(BYTES, bytes.length));
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] memory = new byte[HANDLE_BYTES];
    byte[] event = new byte[HANDLE_BYTES];
    buffer.get(memory).get(event);
    return new SharedBatch(memory, buffer.getLong(), event, buffer.getInt(), buffer.getInt());
  }

  byte[] memoryHandle() {
    return memoryHandle;
  }

  byte[] eventHandle() {
    return eventHandle;
  }

  long offset() {
    return offset;
  }

  /** Returns the number of rows. */
  public int rowCount() {
    return rowCount;
  }

  /** Returns the width of a row in bytes. */
  public int rowBytes() {
    return rowBytes;
  }

  /**
   * Opens the rows in this process.
   *
   * @param accelerator the same GPU, or one that reaches its memory
   * @throws UnsupportedOperationException when that is not a GPU
   * @throws CudaException when the driver refuses; it does so in the process that shared the batch
   */
  public OpenedBatch open(Accelerator accelerator) {
    if (!(accelerator instanceof CudaAccelerator gpu)) {
      throw new UnsupportedOperationException("a shared batch is opened on a GPU");
    }
    return OpenedBatch.open(gpu, this);
  }
}
