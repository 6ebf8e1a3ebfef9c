package dev.emberkv.uring;

import dev.emberkv.uring.generated.LibUring;
import dev.emberkv.uring.generated.io_uring;
import dev.emberkv.uring.generated.io_uring_cq;
import dev.emberkv.uring.generated.io_uring_cqe;
import dev.emberkv.uring.generated.io_uring_params;
import dev.emberkv.uring.generated.io_uring_sq;
import dev.emberkv.uring.generated.iovec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * One io_uring: a submission ring that this side fills and a completion ring that the kernel fills.
 *
 * <p>Owned by one thread at a time; only the kernel is concurrent with the owner. Memory order:
 *
 * <ul>
 *   <li>The kernel releases the completion tail after it wrote entries; {@link #completions}
 *       acquires it before it reads them.
 *   <li>{@link #reap} releases the completion head after it read an entry; the kernel acquires it
 *       before it writes that place again.
 *   <li>Submission entries and their tail are published by liburing within the enter call, and read
 *       by the kernel in that same call on that same thread (there is no polling kernel thread);
 *       the kernel releases the submission head when it is done with entries, and {@link
 *       #nextEntry} acquires it before it writes that place again.
 * </ul>
 */
class Ring implements AutoCloseable {
  /** Receives completions in {@link #reap}. */
  @FunctionalInterface
  interface Sink {
    void completed(long userData, int result);
  }

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
  private static final MemorySegment ALL = RawMemory.all();

  private static final boolean CAN_GET_EVENTS = Library.has("io_uring_get_events");

  private static final long CQE_SIZE_BYTES = io_uring_cqe.sizeof();
  private static final long CQE_USER_DATA = io_uring_cqe.user_data$offset();
  private static final long CQE_RESULT = io_uring_cqe.res$offset();

  private final Arena arena;
  private final MemorySegment handle;
  private final RingMode mode;

  private final long entries;
  private final int entryCount;
  private final long submissionHead;
  private final long submissionFlags;

  /** Where liburing keeps the tail of the entries that were filled but not yet published. */
  private final long filledTail;

  private final long completionEntries;
  private final int completionMask;
  private final long completionHead;
  private final long completionTail;

  private int unsubmitted;
  private boolean closed;

  /**
   * Sets a ring up.
   *
   * @param depth how many entries it must take, 1 to {@link IoBackend#MAX_DEPTH}
   * @param wanted the mode to try first; kernels and libraries that are too old get a weaker one
   * @throws IoFailure when the kernel refuses, with the errno
   */
  Ring(int depth, RingMode wanted) {
    arena = Arena.ofShared();
    boolean ready = false;
    try {
      MemorySegment ring = arena.allocate(io_uring.layout());
      MemorySegment params = arena.allocate(io_uring_params.layout());
      RingMode tried = CAN_GET_EVENTS ? wanted : RingMode.PLAIN;
      int result = setUp(depth, ring, params, tried);
      while (result == -Errno.EINVAL && tried != RingMode.PLAIN) {
        tried = tried.weaker();
        result = setUp(depth, ring, params, tried);
      }
      if (result < 0) {
        throw new IoFailure("io_uring_setup with %d entries".formatted(depth), -result);
      }
      mode = tried;
      // Downcalls check a segment's liveness; the global scope makes that free, and closed is ours.
      handle = MemorySegment.ofAddress(ring.address());

      MemorySegment sq = io_uring.sq(ring);
      entries = io_uring_sq.sqes(sq).address();
      entryCount = io_uring_params.sq_entries(params);
      submissionHead = io_uring_sq.khead(sq).address();
      submissionFlags = io_uring_sq.kflags(sq).address();
      filledTail = sq.address() + io_uring_sq.sqe_tail$offset();

      MemorySegment cq = io_uring.cq(ring);
      completionEntries = io_uring_cq.cqes(cq).address();
      completionMask = io_uring_params.cq_entries(params) - 1;
      completionHead = io_uring_cq.khead(cq).address();
      completionTail = io_uring_cq.ktail(cq).address();
      assert entryCount >= depth && completionMask + 1 >= depth : "rings hold the depth";
      ready = true;
    } finally {
      if (!ready) {
        arena.close();
      }
    }
  }

  private static int setUp(int depth, MemorySegment ring, MemorySegment params, RingMode wanted) {
    params.fill((byte) 0);
    io_uring_params.flags(params, wanted.flags());
    return LibUring.io_uring_queue_init_params(depth, ring, params);
  }

  /** Returns the mode that the kernel granted. */
  RingMode mode() {
    return mode;
  }

  /**
   * Registers memory for fixed transfers, as consecutive buffers of at most {@code bufferBytes}.
   *
   * @return 0 or a negative errno
   */
  int registerBuffers(long address, long sizeBytes, long bufferBytes) {
    int count = Math.toIntExact(Math.ceilDiv(sizeBytes, bufferBytes));
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment vectors = iovec.allocateArray(count, scratch);
      for (int i = 0; i < count; i++) {
        MemorySegment vector = iovec.asSlice(vectors, i);
        long offset = i * bufferBytes;
        iovec.iov_base(vector, MemorySegment.ofAddress(address + offset));
        iovec.iov_len(vector, Math.min(bufferBytes, sizeBytes - offset));
      }
      return LibUring.io_uring_register_buffers(handle, vectors, count);
    }
  }

  /**
   * Makes a table of {@code slots} registered files, all of them empty.
   *
   * @return 0 or a negative errno
   */
  int registerFileTable(int slots) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment descriptors = scratch.allocate(ValueLayout.JAVA_INT, slots);
      descriptors.fill((byte) -1);
      return LibUring.io_uring_register_files(handle, descriptors, slots);
    }
  }

  /**
   * Puts a descriptor into a slot of the table of registered files, or empties it.
   *
   * @param descriptor an open file or -1
   * @return the number of slots changed, which is 1, or a negative errno
   */
  int updateFile(int slot, int descriptor) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment descriptors = scratch.allocateFrom(ValueLayout.JAVA_INT, descriptor);
      return LibUring.io_uring_register_files_update(handle, slot, descriptors, 1);
    }
  }

  /** Returns whether the kernel knows an operation; false as well where it can't be asked. */
  boolean supports(int operation) {
    return OperationProbe.supports(handle, operation);
  }

  /**
   * Returns the address of a submission entry to fill, which counts as taken from then on. The
   * caller never has more requests under way than entries, so one is always free.
   */
  long nextEntry() {
    int tail = (int) INT.get(ALL, filledTail);
    int used = tail - (int) INT.getAcquire(ALL, submissionHead);
    if (used >= entryCount) {
      throw new IllegalStateException("all %d submission entries are taken".formatted(entryCount));
    }
    INT.set(ALL, filledTail, tail + 1);
    unsubmitted++;
    return entries + (tail & (entryCount - 1)) * SubmissionEntry.SIZE_BYTES;
  }

  /** Returns how many filled entries the kernel has not taken yet. */
  int unsubmitted() {
    return unsubmitted;
  }

  /** Returns whether an enter would bring completions that the kernel holds back until then. */
  boolean mustEnter() {
    return ((int) INT.getOpaque(ALL, submissionFlags) & LibUring.IORING_SQ_TASKRUN()) != 0;
  }

  /**
   * Submits what is filled and waits until {@code minimum} completions are there.
   *
   * @param minimum 0 does not wait
   * @return entries that the kernel took, or a negative errno
   */
  int enter(int minimum) {
    int result =
        unsubmitted == 0 && minimum == 0
            ? LibUring.io_uring_get_events(handle)
            : LibUring.io_uring_submit_and_wait(handle, minimum);
    if (result > 0) {
      unsubmitted -= Math.min(result, unsubmitted);
    }
    return result;
  }

  /** Returns how many completions can be reaped without a system call. */
  int completions() {
    return (int) INT.getAcquire(ALL, completionTail) - (int) INT.get(ALL, completionHead);
  }

  /**
   * Hands every completion that is there to the sink. The sink may fill entries; when it throws,
   * the completions behind stay for the next call.
   */
  void reap(Sink sink) {
    int ready = completions();
    int head = (int) INT.get(ALL, completionHead);
    for (int i = 0; i < ready; i++) {
      long entry = completionEntries + (head & completionMask) * CQE_SIZE_BYTES;
      long userData = RawMemory.getLong(entry + CQE_USER_DATA);
      int result = RawMemory.getInt(entry + CQE_RESULT);
      INT.setRelease(ALL, completionHead, ++head);
      sink.completed(userData, result);
    }
  }

  /** Frees the ring. Nothing may be in flight into memory that is unmapped after this. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      LibUring.io_uring_queue_exit(handle);
      arena.close();
    }
  }
}
