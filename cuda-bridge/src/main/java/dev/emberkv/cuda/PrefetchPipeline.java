package dev.emberkv.cuda;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Brings the rows of batches to device memory ahead of their use: {@link #submit} takes the ids of
 * batch i+k while batch i trains, {@link #await} hands out the rows.
 *
 * <p>Each of the pipeline's places has pinned memory that rows are looked up into, device memory,
 * and a stream of its own, so the lookup of one batch, the copy of another and the consumer's work
 * on a third go on at the same time. Everything is allocated when the pipeline is opened, and the
 * host's part counts under the store's memory budget: a slow consumer makes submitters wait, and
 * nothing grow.
 *
 * <p>A batch holds the rows as they were when it was gathered, some time between its submission and
 * its readiness; updates made after that are not in it.
 *
 * <p>Thread-safe. It must be closed before its store. One that is lost without being closed is
 * given back by the garbage collector, as are batches.
 */
public final class PrefetchPipeline implements AutoCloseable {
  private final PipelineCore core;
  private final TicketDesk desk;
  private final Lifeline lifeline;

  private PrefetchPipeline(PipelineCore core) {
    this.core = core;
    this.desk = core.desk;
    this.lifeline = Lifeline.of(this, "A prefetch pipeline", core, () -> {});
  }

  /**
   * Opens a pipeline.
   *
   * @param store whose budget the pinned memory counts under
   * @param table one of the store's
   * @param accelerator where the rows go; may be closed before the pipeline
   * @throws IllegalStateException when the store's budget has no such part left
   * @throws CudaException when the driver refuses, for want of device memory for example
   */
  public static PrefetchPipeline open(
      Store store, Table table, Accelerator accelerator, PrefetchOptions options) {
    return new PrefetchPipeline(PipelineCore.open(store, table, accelerator, options));
  }

  /** Submits a batch; see {@link #submit(MemorySegment, Duration)}. It stays until it is taken. */
  public Ticket submit(MemorySegment keys) throws InterruptedException {
    return submit(keys, TicketDesk.FOREVER);
  }

  /**
   * Submits a batch, and waits until there is a place for it.
   *
   * @param keys packed ids, at most {@link PrefetchOptions#maxBatch}, in any segment; they are
   *     copied before the call returns
   * @param lifetime how long the batch may stay without being taken; then it is dropped
   * @throws IllegalArgumentException when {@code keys} is not whole ids, or too many
   * @throws IllegalStateException when the pipeline is closed, or its device has failed
   */
  public Ticket submit(MemorySegment keys, Duration lifetime) throws InterruptedException {
    return submit(keys, lifetime.toNanos());
  }

  private Ticket submit(MemorySegment keys, long lifetimeNanos) throws InterruptedException {
    int count = countOf(keys);
    try {
      while (true) {
        Flight flight = desk.claim(TicketDesk.FOREVER, lifetimeNanos);
        if (flight != null) {
          return send(flight, keys, count);
        }
      }
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Submits a batch if there is a place for it now; see {@link #submit}. */
  public Optional<Ticket> trySubmit(MemorySegment keys) throws InterruptedException {
    int count = countOf(keys);
    try {
      Flight flight = desk.claim(0, TicketDesk.FOREVER);
      return flight == null ? Optional.empty() : Optional.of(send(flight, keys, count));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private Ticket send(Flight flight, MemorySegment keys, int count) {
    try {
      flight.count = count;
      MemorySegment.copy(keys, 0, core.slotOf(flight).keys(), 0, (long) count * Long.BYTES);
    } catch (RuntimeException e) {
      desk.failed(flight, e);
      throw e;
    }
    desk.enqueue(flight);
    return new Ticket(flight);
  }

  private int countOf(MemorySegment keys) {
    long count = keys.byteSize() / Long.BYTES;
    if (keys.byteSize() % Long.BYTES != 0 || count < 1 || count > core.layout.maxBatch()) {
      throw new IllegalArgumentException(
          "keys has %d bytes; a batch of this pipeline is 1 to %d ids of 8 bytes"
              .formatted(keys.byteSize(), core.layout.maxBatch()));
    }
    return (int) count;
  }

  /** Takes a batch; see {@link #await(Ticket, Duration)}. Waits as long as it takes. */
  public DeviceBatch await(Ticket ticket) throws InterruptedException {
    try {
      DeviceBatch batch = take(ticket, TicketDesk.FOREVER);
      if (batch == null) {
        throw new IllegalStateException(ticket + " was awaited forever and is not there");
      }
      return batch;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /**
   * Takes a batch, once. Its rows are gathered and on their way when the call returns; {@link
   * DeviceBatch#awaitOn} and {@link DeviceBatch#synchronize} wait for their arrival.
   *
   * @throws TimeoutException when it is not gathered in time; the ticket stays good
   * @throws java.util.concurrent.CancellationException when it was cancelled, has expired, or the
   *     pipeline was closed
   * @throws IllegalStateException when it was taken already
   * @throws RuntimeException that the lookup or the driver threw
   */
  public DeviceBatch await(Ticket ticket, Duration timeout)
      throws InterruptedException, TimeoutException {
    try {
      DeviceBatch batch = take(ticket, timeout.toNanos());
      if (batch == null) {
        throw new TimeoutException(ticket + " is not ready after " + timeout);
      }
      return batch;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private @Nullable DeviceBatch take(Ticket ticket, long waitNanos) throws InterruptedException {
    Flight flight = ticket.flightOf(desk);
    return desk.take(flight, waitNanos) ? new DeviceBatch(this, core, flight) : null;
  }

  /**
   * Drops a batch that nobody has taken. Its place is free again as soon as no work on it is under
   * way.
   *
   * @return false when it was taken, or dropped before
   */
  public boolean cancel(Ticket ticket) {
    try {
      return desk.cancel(ticket.flightOf(desk));
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Returns how many batches could be submitted now without waiting. */
  public int freePlaces() {
    return desk.freeSlots();
  }

  /** Returns the host memory that the pipeline holds, in bytes. */
  public long hostBytes() {
    return core.hostBytes();
  }

  /**
   * Drops all batches, waits for work that is under way, and frees the memory. Batches that are
   * taken are dead from then on: their calls throw, and their device addresses are invalid. Legal
   * in any state; doing it twice is fine.
   *
   * @throws CudaException when the driver reports a failure; everything is given back all the same
   */
  @Override
  public void close() {
    lifeline.close();
  }
}
