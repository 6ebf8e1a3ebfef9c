package dev.emberkv.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.function.Supplier;

/**
 * The rows of a batch in device memory, lent to the consumer until {@link #close}.
 *
 * <p>Rows stand one behind the other, {@link #rowBytes} each, in the order that the pipeline's
 * {@link BatchLayout} says. {@link PrefetchPipeline#await} returned when they were on their way: a
 * stream waits for them with {@link #awaitOn}, the host with {@link #synchronize}. Without a GPU
 * they are there at once, and device addresses are the host's.
 *
 * <p>Used by one thread at a time. All methods but {@link #close} throw {@link
 * IllegalStateException} once the batch was given back or its pipeline closed. A batch that is lost
 * without being closed is taken back by the garbage collector.
 */
public final class DeviceBatch implements AutoCloseable {
  /** Keeps the pipeline alive while one of its batches is. */
  @SuppressWarnings({"UnusedVariable", "FieldCanBeLocal"})
  private final PrefetchPipeline pipeline;

  private final PipelineCore core;
  private final Flight flight;
  private final UploadSlot slot;
  private final Lifeline lifeline;

  DeviceBatch(PrefetchPipeline pipeline, PipelineCore core, Flight flight) {
    this.pipeline = pipeline;
    this.core = core;
    this.flight = flight;
    this.slot = core.slotOf(flight);
    this.lifeline =
        Lifeline.of(
            this,
            "Batch " + flight.number,
            () -> core.desk.release(flight),
            core::synchronizeUnlessClosed);
  }

  /** Returns the number of ids that were submitted. */
  public int count() {
    return flight.count;
  }

  /** Returns the number of rows in device memory. */
  public int rowCount() {
    return slot.layout.batch() == BatchLayout.UNIQUE ? flight.looked : flight.count;
  }

  /** Returns the number of rows that were looked up and uploaded. */
  public int uploadedRows() {
    return flight.looked;
  }

  /** Returns the width of a row in bytes. */
  public int rowBytes() {
    return slot.layout.rowBytes();
  }

  /** Returns how the rows lie. */
  public BatchLayout layout() {
    return slot.layout.batch();
  }

  /** Returns whether the rows are in a GPU's memory. */
  public boolean isOnGpu() {
    return core.accelerator.isGpu();
  }

  /** Returns the device address of the first row, a multiple of 256. */
  public long address() {
    return use(slot::rowsAddress);
  }

  /**
   * Returns the device address of a u32 for each id: the number of its row among those that were
   * uploaded.
   *
   * @throws UnsupportedOperationException when the layout is {@link BatchLayout#AS_SUBMITTED}
   */
  public long indexAddress() {
    if (!layout().deduplicates()) {
      throw new UnsupportedOperationException("a batch as it was submitted has no index");
    }
    return use(slot::indexAddress);
  }

  /**
   * Returns the {@code CUevent} of the rows' arrival, for consumers that call the driver
   * themselves; 0 without a GPU.
   */
  public long event() {
    return use(slot::event);
  }

  /** Returns the {@link dev.emberkv.engine.RowStatus} of an id, by its place in the batch. */
  public byte status(int place) {
    if (place < 0 || place >= flight.count) {
      throw new IndexOutOfBoundsException(
          "place must be in 0..%d, not %d".formatted(flight.count - 1, place));
    }
    return use(() -> {
      long row =
          layout().deduplicates() ? slot.index().getAtIndex(ValueLayout.JAVA_INT, place) : place;
      return slot.statuses().get(ValueLayout.JAVA_BYTE, row);
    });
  }

  /**
   * Lets a stream wait for the rows; the call itself does not.
   *
   * @param stream a {@code CUstream} of the GPU's primary context, 0 for the default stream;
   *     ignored without a GPU
   */
  public void awaitOn(long stream) {
    run(() -> slot.awaitOn(stream));
  }

  /** Waits until the rows are in device memory. */
  public void synchronize() {
    run(slot::synchronize);
  }

  /**
   * Copies the rows to host memory and waits for that.
   *
   * @param target at least {@code rowCount() * rowBytes()} bytes, on the heap or off it
   */
  public void copyTo(MemorySegment target) {
    long bytes = (long) rowCount() * rowBytes();
    if (target.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "target has %d bytes, the batch %d".formatted(target.byteSize(), bytes));
    }
    if (target.isNative()) {
      run(() -> slot.copyRows(target, bytes));
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment offHeap = arena.allocate(bytes);
      run(() -> slot.copyRows(offHeap, bytes));
      target.copyFrom(offHeap);
    }
  }

  /**
   * Returns the rows as a tensor for frameworks that take DLPack. It takes the batch over: closing
   * the tensor, or its consumer's call of the deleter, gives the batch back.
   */
  public DlpackTensor toDlpack() {
    return use(() -> DlpackTensor.of(this, core.table.spec(), core.accelerator.ordinal()));
  }

  /**
   * Returns handles with which another process can open the rows, for as long as this one has not
   * given the batch back.
   *
   * @throws UnsupportedOperationException without a GPU
   * @throws IllegalStateException when the pipeline was not opened {@linkplain
   *     PrefetchOptions#shareable shareable}
   */
  public SharedBatch share() {
    return use(() -> {
      byte[][] handles = slot.share();
      return new SharedBatch(handles[0], slot.sharedOffset(), handles[1], rowCount(), rowBytes());
    });
  }

  /**
   * Gives the batch back. The consumer has finished with it: no kernel that reads it is still to
   * run. Doing it twice is fine.
   */
  @Override
  public void close() {
    lifeline.close();
  }

  /**
   * Gives the batch back when all is done that is in a stream now; the call itself does not wait.
   *
   * @param stream a {@code CUstream} of the GPU's primary context, 0 for the default stream;
   *     ignored without a GPU
   */
  public void closeAfter(long stream) {
    run(() -> slot.reuseAfter(stream));
    close();
  }

  private void run(Runnable call) {
    use(() -> {
      call.run();
      return Boolean.TRUE;
    });
  }

  /** Runs a call while the batch is this consumer's, and the pipeline stays open for it. */
  private <T> T use(Supplier<T> call) {
    core.desk.enter(flight);
    try {
      return call.get();
    } finally {
      core.desk.leave();
      Reference.reachabilityFence(this);
    }
  }
}
