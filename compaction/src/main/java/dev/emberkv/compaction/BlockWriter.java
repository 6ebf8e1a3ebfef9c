package dev.emberkv.compaction;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.Errno;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thread that takes filled pages to the device, in the order in which they were handed over,
 * several at a time, and makes them durable.
 *
 * <p>It counts in positions: bytes of the log since it was opened, where each segment takes its
 * whole size. {@link #written} is the position before which everything is on the device, {@link
 * #synced} the one before which everything is on stable storage.
 *
 * <p>State is guarded by the lock that the constructor takes, which the owner shares; the queue
 * belongs to the thread alone. A failed request is never tried again: the log's {@link LogHealth}
 * keeps the first failure, the thread ends, and the owner refuses further appends.
 */
final class BlockWriter implements AutoCloseable {
  /** Marks the completion of a sync among those of writes. */
  private static final long SYNC = -1;

  private final DirectFile file;
  private final IoQueue queue;
  private final BlockPool pool;
  private final LogHealth health;
  private final ReentrantLock lock;
  private final Condition work;
  private final Condition progress;
  private final Condition durable;
  private final Thread thread;

  /** Handed over and not submitted. */
  private final ArrayDeque<WriteRequest> pending = new ArrayDeque<>();

  /** Submitted, in order; finished ones leave from the front only. */
  private final ArrayDeque<WriteRequest> submitted = new ArrayDeque<>();

  private long written;
  private long synced;
  private long syncWanted;

  /** The position that the sync in flight will reach, or -1. */
  private long syncing = -1;

  private long bytesWritten;
  private long syncs;
  private boolean closing;

  /** Pages to be written. */
  private static final class WriteRequest {
    private final BlockBuffer block;
    private final long fileOffset;
    private final long address;
    private final int lengthBytes;
    private final long endPosition;
    private final boolean barrier;
    private boolean finished;

    WriteRequest(
        BlockBuffer block,
        long fileOffset,
        long address,
        int lengthBytes,
        long endPosition,
        boolean barrier) {
      this.block = block;
      this.fileOffset = fileOffset;
      this.address = address;
      this.lengthBytes = lengthBytes;
      this.endPosition = endPosition;
      this.barrier = barrier;
    }
  }

  BlockWriter(
      DirectFile file,
      IoQueue queue,
      BlockPool pool,
      LogHealth health,
      ReentrantLock lock,
      Condition progress) {
    this.file = file;
    this.queue = queue;
    this.pool = pool;
    this.health = health;
    this.lock = lock;
    this.work = lock.newCondition();
    this.progress = progress;
    this.durable = lock.newCondition();
    this.thread = Thread.ofPlatform().name("emberkv-log-writer").daemon(true).unstarted(this::run);
  }

  /** Starts the thread; everything before the position is on stable storage. */
  void start(long position) {
    written = position;
    synced = position;
    syncWanted = position;
    thread.start();
  }

  /**
   * Takes pages to write.
   *
   * @param block the buffer they lie in
   * @param endPosition what {@link #written} becomes when these pages and all before are written
   * @param barrier whether these pages must wait until all before them are on stable storage
   */
  void handOver(
      BlockBuffer block,
      long fileOffset,
      long address,
      int lengthBytes,
      long endPosition,
      boolean barrier) {
    assert lock.isHeldByCurrentThread();
    pending.add(new WriteRequest(block, fileOffset, address, lengthBytes, endPosition, barrier));
    work.signal();
  }

  /** Asks for a sync that reaches the position, as soon as everything before it is written. */
  void requestSync(long position) {
    assert lock.isHeldByCurrentThread();
    if (position > syncWanted) {
      syncWanted = position;
      work.signal();
    }
  }

  /** Waits for the next sync to finish, or a failure; callers look again at what they wait for. */
  @SuppressWarnings("WaitNotInLoop") // the loops are in the callers
  void awaitSync() {
    durable.awaitUninterruptibly();
  }

  long written() {
    return written;
  }

  long synced() {
    return synced;
  }

  boolean syncing() {
    return syncing >= 0;
  }

  long bytesWritten() {
    return bytesWritten;
  }

  long syncs() {
    return syncs;
  }

  /** Ends the thread after what was handed over, and frees the queue. The lock is not held. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      work.signal();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try (queue) {
      while (step()) {
        // each step moves some requests on
      }
    } catch (IoFailure e) {
      health.fail(e);
    } catch (RuntimeException | Error e) {
      health.fail(new IoFailure("writing " + file.path(), e));
      throw e;
    } finally {
      wakeAll();
    }
  }

  /** Lets those who wait look at the log's health: this thread does nothing for them any more. */
  private void wakeAll() {
    lock.lock();
    try {
      progress.signalAll();
      durable.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Stops all further writing; the first failure is the one that is kept. The lock is held. */
  void fail(IoFailure e) {
    assert lock.isHeldByCurrentThread();
    health.fail(e);
    progress.signalAll();
    durable.signalAll();
    work.signal();
  }

  /** Submits what can be submitted, waits for something to finish; false when all is done. */
  private boolean step() {
    List<WriteRequest> batch = new ArrayList<>();
    boolean startSync;
    lock.lock();
    try {
      while (!health.failed() && !canSubmit() && !canSync() && queue.inFlight() == 0) {
        if (closing) {
          return false;
        }
        work.awaitUninterruptibly();
      }
      if (health.failed()) {
        return false;
      }
      // One entry of the queue is left for a sync.
      while (canSubmit() && queue.inFlight() + batch.size() < queue.depth() - 1) {
        WriteRequest request = pending.remove();
        submitted.add(request);
        batch.add(request);
      }
      startSync = canSync();
      if (startSync) {
        syncing = written;
      }
    } finally {
      lock.unlock();
    }
    for (WriteRequest request : batch) {
      // The user data only tells writes from syncs apart by sign; the offset names the write.
      queue.write(
          file, request.fileOffset, request.address, request.lengthBytes, request.fileOffset);
    }
    if (startSync) {
      queue.sync(file, SYNC);
    }
    queue.await(1, this::completed);
    return !health.failed();
  }

  /**
   * Returns whether the first pending request may go to the device now. The last footer of a
   * segment waits for its first, which goes to the same page: the device may turn them round.
   */
  private boolean canSubmit() {
    WriteRequest first = pending.peek();
    return first != null
        && !(first.barrier && synced < barrierPosition())
        && submitted.stream().noneMatch(request -> request.fileOffset == first.fileOffset);
  }

  /** Returns the end of all requests before the first pending one. */
  private long barrierPosition() {
    return submitted.isEmpty() ? written : submitted.getLast().endPosition;
  }

  private boolean canSync() {
    if (syncing >= 0) {
      return false;
    }
    WriteRequest first = pending.peek();
    if (first != null && first.barrier && synced < barrierPosition()) {
      return submitted.isEmpty();
    }
    return syncWanted > synced && written >= syncWanted;
  }

  /** Never throws: the queue hands over all that finished, whatever became of the first. */
  private void completed(long userData, int result) {
    lock.lock();
    try {
      if (userData == SYNC) {
        syncFinished(result);
      } else {
        writeFinished(submittedAt(userData), result);
      }
    } finally {
      lock.unlock();
    }
  }

  private void syncFinished(int result) {
    if (result < 0) {
      fail(new IoFailure("fdatasync " + file.path(), -result));
      return;
    }
    synced = syncing;
    syncing = -1;
    syncs++;
    durable.signalAll();
  }

  private void writeFinished(WriteRequest request, int result) {
    if (result != request.lengthBytes) {
      fail(
          new IoFailure(
              "write %s at %d, %d bytes"
                  .formatted(file.path(), request.fileOffset, request.lengthBytes),
              result < 0 ? -result : Errno.EIO));
      return;
    }
    request.finished = true;
    bytesWritten += request.lengthBytes;
    while (!submitted.isEmpty() && submitted.getFirst().finished) {
      WriteRequest first = submitted.remove();
      written = first.endPosition;
      if (first.block.finished()) {
        pool.give(first.block);
      }
    }
    progress.signalAll();
  }

  private WriteRequest submittedAt(long fileOffset) {
    for (WriteRequest request : submitted) {
      if (request.fileOffset == fileOffset) {
        return request;
      }
    }
    throw new IllegalStateException("a write at " + fileOffset + " finished that nobody asked for");
  }
}
