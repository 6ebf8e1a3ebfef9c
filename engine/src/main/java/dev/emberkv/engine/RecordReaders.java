package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.QueuePool;

/**
 * Makes {@link RecordReader}s, of which a fixed number exist at once. Who finds none waits for one;
 * whoever holds one must not ask for another.
 *
 * <p>Thread-safe.
 */
final class RecordReaders implements AutoCloseable {
  private final SegmentedLog log;
  private final QueuePool queues;
  private final WaitRule waits;

  RecordReaders(SegmentedLog log, IoBackend backend, QueuePool.Options options, WaitRule waits) {
    this.log = log;
    this.waits = waits;
    this.queues = new QueuePool(backend, options);
  }

  /** Borrows a reader with an empty batch. */
  RecordReader borrow() {
    waits.beforeWaiting();
    return new RecordReader(log, queues.acquire());
  }

  /** Reads one record. */
  void read(long location, RecordConsumer consumer) {
    try (RecordReader reader = borrow()) {
      reader.add(location, 0);
      reader.run(RecordFormat.PAGE_BYTES, consumer);
    }
  }

  /** Returns how many reads are in flight about now. */
  int inFlight() {
    return queues.inFlight();
  }

  /** Frees all queues; none may be lent. */
  @Override
  public void close() {
    queues.close();
  }
}
