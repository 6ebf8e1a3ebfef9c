package dev.emberkv.uring;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A queue of the io_uring backend: a ring, the requests under way in it, and what is registered
 * with it.
 *
 * <p>Owned by one thread at a time, as {@link IoQueue} says. Every request has a slot of {@link
 * #requests}, and the ring has at least as many submission and completion entries as there are
 * slots, so neither ring can overflow.
 */
final class UringQueue implements IoQueue {
  private static final long FIRST_PAUSE_NANOS = 1_000;

  private final Ring ring;
  private final RequestTable requests;
  private final FixedFiles fixedFiles;
  private final FixedBuffers fixedBuffers;
  private final IoTally.Share tally;
  private final AtomicInteger closedFiles;

  /** The only thread that may enter the kernel for this ring, or null when any may. */
  private final @Nullable Thread boundThread;

  private final Ring.Sink sink = this::finish;
  private CompletionHandler handler = UringQueue::drop;
  private int handed;
  private int seenClosedFiles;
  private boolean closed;

  UringQueue(
      Ring ring,
      int depth,
      @Nullable NativeMemory buffers,
      IoTally tally,
      AtomicInteger closedFiles,
      @Nullable Thread boundThread) {
    this.ring = ring;
    this.requests = new RequestTable(depth);
    this.fixedFiles = new FixedFiles(ring);
    this.fixedBuffers = FixedBuffers.register(ring, buffers);
    this.tally = tally.newShare();
    this.closedFiles = closedFiles;
    this.boundThread = boundThread;
  }

  /** Returns why the buffers could not be registered, as an errno, or 0. */
  int bufferErrno() {
    return fixedBuffers.errno();
  }

  @Override
  public int depth() {
    return requests.depth();
  }

  @Override
  public int inFlight() {
    return requests.inFlight();
  }

  @Override
  public void read(DirectFile file, long fileOffset, long address, int lengthBytes, long userData) {
    Transfers.check(file, fileOffset, address, lengthBytes);
    UringFile target = uringFile(file);
    fill(requests.take(RequestKind.READ, target, fileOffset, address, lengthBytes, userData));
  }

  @Override
  public void write(
      DirectFile file, long fileOffset, long address, int lengthBytes, long userData) {
    Transfers.check(file, fileOffset, address, lengthBytes);
    UringFile target = uringFile(file);
    fill(requests.take(RequestKind.WRITE, target, fileOffset, address, lengthBytes, userData));
  }

  @Override
  public void sync(DirectFile file, long userData) {
    fill(requests.take(RequestKind.SYNC, uringFile(file), 0, 0, 0, userData));
  }

  private UringFile uringFile(DirectFile file) {
    if (closed) {
      throw new IllegalStateException("the queue is closed");
    }
    if (!(file instanceof UringFile uringFile)) {
      throw new IllegalArgumentException(
          "file must come from the same backend, and this is a " + file.getClass().getName());
    }
    return uringFile;
  }

  /** Writes the submission entry of what is left of a request. */
  private void fill(int slot) {
    boolean filled = false;
    try {
      UringFile file = requests.file(slot);
      int fileSlot = fixedFiles.slotOf(file);
      boolean fixedFile = fileSlot != FixedFiles.NONE;
      int target = fixedFile ? fileSlot : file.fd();
      if (requests.kind(slot) == RequestKind.SYNC) {
        SubmissionEntry.writeSync(ring.nextEntry(), fixedFile, target, slot);
      } else {
        fillTransfer(slot, fixedFile, target);
      }
      filled = true;
    } finally {
      if (!filled) {
        requests.release(slot);
      }
    }
  }

  private void fillTransfer(int slot, boolean fixedFile, int target) {
    long address = requests.nextAddress(slot);
    int lengthBytes = requests.remainingBytes(slot);
    int bufferIndex = fixedBuffers.indexOf(address, lengthBytes);
    SubmissionEntry.writeTransfer(
        ring.nextEntry(),
        requests.kind(slot) == RequestKind.READ,
        fixedFile,
        target,
        bufferIndex,
        requests.nextFileOffset(slot),
        address,
        lengthBytes,
        slot);
    if (bufferIndex != FixedBuffers.NONE) {
      tally.fixed();
    }
  }

  @Override
  public void submit() {
    prepareToEnter();
    try {
      int fruitlessTries = 0;
      while (ring.unsubmitted() > 0) {
        fruitlessTries = enter(0, fruitlessTries);
      }
    } finally {
      tally.tell();
    }
  }

  @Override
  public int await(int minimum, CompletionHandler completionHandler) {
    Transfers.checkMinimum(minimum, inFlight());
    prepareToEnter();
    handler = completionHandler;
    handed = 0;
    try {
      int fruitlessTries = 0;
      do {
        int missing = Math.max(0, minimum - handed - ring.completions());
        if (ring.unsubmitted() > 0 || missing > 0 || ring.mustEnter()) {
          fruitlessTries = enter(missing, fruitlessTries);
        }
        ring.reap(sink);
      } while (handed < minimum);
      // What the handler took and what must be continued goes out now, not with the next call.
      while (ring.unsubmitted() > 0) {
        fruitlessTries = enter(0, fruitlessTries);
      }
      return handed;
    } finally {
      handler = UringQueue::drop;
      tally.tell();
    }
  }

  private void prepareToEnter() {
    if (closed) {
      throw new IllegalStateException("the queue is closed");
    }
    if (boundThread != null && !boundThread.equals(Thread.currentThread())) {
      throw new IllegalStateException(
          "the queue belongs to thread %s alone, and this is %s"
              .formatted(boundThread.getName(), Thread.currentThread().getName()));
    }
    int closedNow = closedFiles.get();
    if (closedNow != seenClosedFiles) {
      seenClosedFiles = closedNow;
      fixedFiles.dropClosed();
    }
  }

  /**
   * Enters the kernel once. A wait that a signal ends is simply resumed; a momentary shortage is
   * tried again after a pause that doubles, up to {@link Transfers#MAX_FRUITLESS_TRIES} times in a
   * row.
   *
   * @return the fruitless tries in a row, this one included
   */
  private int enter(int minimum, int fruitlessTries) {
    int before = ring.unsubmitted();
    int result = ring.enter(minimum);
    tally.submitted();
    if (result > 0 || (result == 0 && before == 0)) {
      return 0;
    }
    int errno = result < 0 ? -result : Errno.EAGAIN;
    if (errno == Errno.EINTR) {
      return fruitlessTries;
    }
    boolean momentary = errno == Errno.EAGAIN || errno == Errno.EBUSY;
    if (!momentary || fruitlessTries + 1 >= Transfers.MAX_FRUITLESS_TRIES) {
      throw new IoFailure(
          "io_uring_enter with %d to submit and %d to await".formatted(before, minimum), errno);
    }
    LockSupport.parkNanos(FIRST_PAUSE_NANOS << Math.min(fruitlessTries, 10));
    return fruitlessTries + 1;
  }

  /** Takes one completion from the ring: ends the request or sends the rest of it again. */
  private void finish(long userDataOfEntry, int kernelResult) {
    int slot = (int) userDataOfEntry;
    int result = requests.complete(slot, kernelResult);
    if (result == RequestTable.CONTINUE) {
      tally.retried(1);
      fill(slot);
      return;
    }
    tally.finished(requests.kind(slot), result);
    long userData = requests.userData(slot);
    // Free before the handler runs, so that it may take the next request.
    requests.release(slot);
    handed++;
    handler.completed(userData, result);
  }

  private static void drop(long userData, int result) {}

  @Override
  public void close() {
    if (closed) {
      return;
    }
    while (inFlight() > 0) {
      await(inFlight(), UringQueue::drop);
    }
    closed = true;
    ring.close();
  }
}
