package dev.emberkv.uring;

import java.util.concurrent.atomic.LongAdder;

/**
 * The running totals of one backend.
 *
 * <p>Thread-safe. A queue counts in its own {@link Share}, which belongs to the queue's owner, and
 * adds it here once per call, so the shared adders are off the path of a single request.
 */
final class IoTally {
  private final LongAdder submits = new LongAdder();
  private final LongAdder reads = new LongAdder();
  private final LongAdder readBytes = new LongAdder();
  private final LongAdder writes = new LongAdder();
  private final LongAdder writtenBytes = new LongAdder();
  private final LongAdder syncs = new LongAdder();
  private final LongAdder fixedTransfers = new LongAdder();
  private final LongAdder retries = new LongAdder();
  private final LongAdder failures = new LongAdder();

  IoCounters snapshot() {
    return new IoCounters(
        submits.sum(),
        reads.sum(),
        readBytes.sum(),
        writes.sum(),
        writtenBytes.sum(),
        syncs.sum(),
        fixedTransfers.sum(),
        retries.sum(),
        failures.sum());
  }

  Share newShare() {
    return new Share();
  }

  /** What one queue did since it last told; used by the queue's owner only. */
  final class Share {
    private int newSubmits;
    private int newReads;
    private long newReadBytes;
    private int newWrites;
    private long newWrittenBytes;
    private int newSyncs;
    private int newFixed;
    private int newRetries;
    private int newFailures;

    void submitted() {
      newSubmits++;
    }

    void fixed() {
      newFixed++;
    }

    void retried(int times) {
      newRetries += times;
    }

    /** Counts a request that reached its handler with {@code result}. */
    void finished(RequestKind kind, int result) {
      if (result < 0) {
        newFailures++;
        return;
      }
      switch (kind) {
        case READ -> {
          newReads++;
          newReadBytes += result;
        }
        case WRITE -> {
          newWrites++;
          newWrittenBytes += result;
        }
        case SYNC -> newSyncs++;
      }
    }

    /** Adds what was counted to the backend's totals. */
    void tell() {
      submits.add(newSubmits);
      reads.add(newReads);
      readBytes.add(newReadBytes);
      writes.add(newWrites);
      writtenBytes.add(newWrittenBytes);
      syncs.add(newSyncs);
      fixedTransfers.add(newFixed);
      retries.add(newRetries);
      failures.add(newFailures);
      newSubmits = 0;
      newReads = 0;
      newReadBytes = 0;
      newWrites = 0;
      newWrittenBytes = 0;
      newSyncs = 0;
      newFixed = 0;
      newRetries = 0;
      newFailures = 0;
    }
  }
}
