package dev.emberkv.uring;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Queues with registered buffers that threads borrow for the time of a batch.
 *
 * <p>Thread-safe. At most {@code maxQueues} queues exist; they are made on demand and the one
 * returned last is lent first, while its ring is still in a cache. When all are lent, {@link
 * #acquire} waits and {@link #tryAcquire} gives up at its deadline. The lock of the idle list
 * orders a borrower's accesses after those of the borrower before it, which is the happens-before
 * edge that {@link IoQueue} asks for.
 */
public final class QueuePool implements AutoCloseable {
  /**
   * How big a pool and its queues are.
   *
   * @param maxQueues the most queues lent at once, at least 1
   * @param depth the most requests in flight in one queue, 1 to {@link IoBackend#MAX_DEPTH}
   * @param buffers buffers of each queue, at least 1
   * @param bufferBytes size of a buffer, a power of two from 512
   */
  public record Options(int maxQueues, int depth, int buffers, int bufferBytes) {
    /** Checks the ranges. */
    public Options {
      if (maxQueues < 1) {
        throw new IllegalArgumentException("maxQueues must be at least 1, not " + maxQueues);
      }
      Transfers.checkDepth(depth);
      if (buffers < 1) {
        throw new IllegalArgumentException("buffers must be at least 1, not " + buffers);
      }
      if (bufferBytes < 512 || Integer.bitCount(bufferBytes) != 1) {
        throw new IllegalArgumentException(
            "bufferBytes must be a power of two from 512, not " + bufferBytes);
      }
    }

    /** Returns the native memory that the queues take when all of them exist, in bytes. */
    public long memoryBytes() {
      return maxQueues * memoryOfOneQueue();
    }

    private long memoryOfOneQueue() {
      return (long) buffers * bufferBytes;
    }
  }

  private final IoBackend backend;
  private final Options options;
  private final Semaphore permits;

  /** Guarded by itself, as is {@link #closed}. */
  private final ArrayDeque<Member> idle = new ArrayDeque<>();

  private boolean closed;

  /** All queues, lent or idle. */
  private final Set<IoQueue> queues = ConcurrentHashMap.newKeySet();

  /**
   * Makes an empty pool.
   *
   * @param backend where the queues come from; it must outlive the pool
   */
  public QueuePool(IoBackend backend, Options options) {
    this.backend = backend;
    this.options = options;
    this.permits = new Semaphore(options.maxQueues(), true);
  }

  /** Borrows a queue; waits, in order of arrival, while all are lent. Interrupts do not end it. */
  public Lease acquire() {
    permits.acquireUninterruptibly();
    return lend();
  }

  /**
   * Borrows a queue, or returns null when none came free in time.
   *
   * @throws InterruptedException when the thread is interrupted while it waits
   */
  public @Nullable Lease tryAcquire(long timeoutNanos) throws InterruptedException {
    return permits.tryAcquire(timeoutNanos, TimeUnit.NANOSECONDS) ? lend() : null;
  }

  /** Returns how many requests are in flight about now, in all queues. */
  public int inFlight() {
    return queues.stream().mapToInt(IoQueue::inFlight).sum();
  }

  /** Returns the sizes that the pool was made with. */
  public Options options() {
    return options;
  }

  /**
   * Frees all queues and their memory.
   *
   * @throws IllegalStateException when a queue is still lent
   */
  @Override
  public void close() {
    List<Member> members;
    synchronized (idle) {
      if (closed) {
        return;
      }
      if (!permits.tryAcquire(options.maxQueues())) {
        throw new IllegalStateException("a queue of the pool is still lent");
      }
      closed = true;
      members = new ArrayList<>(idle);
      idle.clear();
    }
    permits.release(options.maxQueues());
    members.forEach(this::free);
  }

  private Lease lend() {
    boolean lent = false;
    try {
      Member member;
      synchronized (idle) {
        if (closed) {
          throw new IllegalStateException("the pool of queues is closed");
        }
        member = idle.pollFirst();
      }
      Lease lease = new Lease(member != null ? member : newMember());
      lent = true;
      return lease;
    } finally {
      if (!lent) {
        permits.release();
      }
    }
  }

  private Member newMember() {
    NativeMemory memory = NativeMemory.reserveSmallPages(options.memoryOfOneQueue());
    try {
      IoQueue queue = backend.newQueue(options.depth(), memory);
      queues.add(queue);
      return new Member(
          memory, queue, new BufferPool(memory, options.bufferBytes(), options.buffers()));
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /** Frees a queue and then, only if that worked, the memory that its transfers land in. */
  private void free(Member member) {
    queues.remove(member.queue);
    member.queue.close();
    member.memory.close();
  }

  private record Member(NativeMemory memory, IoQueue queue, BufferPool buffers) {
    /** Waits for what is in flight and drops it, so that no transfer lands in a lent buffer. */
    void settle() {
      while (queue.inFlight() > 0) {
        queue.await(queue.inFlight(), (userData, result) -> {});
      }
      buffers.reclaimAll();
    }
  }

  /** A queue and its buffers while one thread has them. */
  public final class Lease implements AutoCloseable {
    private @Nullable Member member;

    private Lease(Member member) {
      this.member = member;
    }

    /** Returns the queue; it must not be used after {@link #close}. */
    public IoQueue queue() {
      return member().queue();
    }

    /** Returns the buffers, all of them free at first. */
    public BufferPool buffers() {
      return member().buffers();
    }

    private Member member() {
      Member current = member;
      if (current == null) {
        throw new IllegalStateException("the lease is closed");
      }
      return current;
    }

    /**
     * Gives queue and buffers back. Requests still in flight are waited for and their results
     * dropped, so a batch that failed half-way leaves nothing behind. A queue that can't even do
     * that is freed, and a later borrower gets a new one.
     */
    @Override
    public void close() {
      Member current = member;
      if (current == null) {
        return;
      }
      member = null;
      boolean settled = false;
      try {
        current.settle();
        settled = true;
        synchronized (idle) {
          idle.addFirst(current);
        }
      } finally {
        permits.release();
        if (!settled) {
          free(current);
        }
      }
    }
  }
}
