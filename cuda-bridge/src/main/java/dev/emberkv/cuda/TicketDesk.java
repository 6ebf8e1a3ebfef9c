package dev.emberkv.cuda;

import java.util.ArrayDeque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The state machine of a pipeline: which places are free, which batch has which, who waits for
 * what. It knows nothing of rows and devices.
 *
 * <p>Thread-safe: everything is under one lock, which is held for no longer than it takes to change
 * a state. There are as many batches at most as places, from the claim of a place to its release.
 */
final class TicketDesk {
  /** Wait as long as it takes. */
  static final long FOREVER = Long.MAX_VALUE;

  private final ReentrantLock lock = new ReentrantLock();

  /** Signalled when a batch is queued, or the desk closes. */
  private final Condition work = lock.newCondition();

  /** Signalled when a place is freed, or a batch is ready, dropped or left by a caller. */
  private final Condition progress = lock.newCondition();

  private final ArrayDeque<Integer> freeSlots = new ArrayDeque<>();
  private final ArrayDeque<Flight> queue = new ArrayDeque<>();
  private final @Nullable Flight[] flights;
  private long nextNumber = 1;
  private int callsInside;
  private boolean closed;
  private @Nullable Throwable broken;

  TicketDesk(int slots) {
    this.flights = new Flight[slots];
    for (int slot = 0; slot < slots; slot++) {
      freeSlots.add(slot);
    }
  }

  // The submitter's side

  /**
   * Claims the place that is free for longest; null when none is in time.
   *
   * @param waitNanos how long to wait for one
   * @param lifetimeNanos how long the batch may stay without being taken
   */
  @Nullable Flight claim(long waitNanos, long lifetimeNanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = waitNanos;
      while (true) {
        requireOpen();
        dropExpired();
        Integer slot = freeSlots.poll();
        if (slot != null) {
          boolean mortal = lifetimeNanos != FOREVER;
          long deadline = mortal ? System.nanoTime() + lifetimeNanos : 0;
          Flight flight = new Flight(this, nextNumber++, slot, deadline, mortal);
          flights[slot] = flight;
          return flight;
        }
        if (left <= 0) {
          return null;
        }
        left = await(progress, left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Queues a claimed batch for gathering. */
  void enqueue(Flight flight) {
    lock.lock();
    try {
      if (flight.dropReason != null) {
        finish(flight);
        return;
      }
      flight.state = Flight.State.QUEUED;
      queue.add(flight);
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  // The gathering thread's side

  /** Takes the batch that is queued for longest and waits for one; null when the desk is closed. */
  @Nullable Flight takeQueued() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!closed) {
        dropExpired();
        Flight flight = queue.poll();
        if (flight != null) {
          flight.state = Flight.State.GATHERING;
          return flight;
        }
        await(work, FOREVER);
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** Says that a batch is on its way to the device. */
  void gathered(Flight flight) {
    lock.lock();
    try {
      if (flight.dropReason != null) {
        finish(flight);
      } else {
        flight.state = Flight.State.READY;
        progress.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says that a batch could not be claimed to its end or gathered; its place is free again. */
  void failed(Flight flight, Throwable failure) {
    lock.lock();
    try {
      flight.failure = failure;
      finish(flight);
    } finally {
      lock.unlock();
    }
  }

  /** Says that places can't be used any more; nothing is taken in from now on. */
  void fail(Throwable failure) {
    lock.lock();
    try {
      if (broken == null) {
        broken = failure;
      }
      progress.signalAll();
    } finally {
      lock.unlock();
    }
  }

  // The consumer's side

  /**
   * Takes a batch and waits until it is ready; returns false when it is not in time.
   *
   * @throws CancellationException when it was dropped
   */
  boolean take(Flight flight, long waitNanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = waitNanos;
      while (true) {
        dropExpired();
        switch (flight.state) {
          case READY -> {
            flight.state = Flight.State.TAKEN;
            return true;
          }
          case TAKEN -> throw new IllegalStateException(text(flight) + " was taken already");
          case DONE -> throw outcome(flight);
          case CLAIMED, QUEUED, GATHERING -> {
            if (flight.dropReason != null) {
              throw outcome(flight);
            }
          }
        }
        if (left <= 0) {
          return false;
        }
        left = await(progress, left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Drops a batch that was not taken yet and returns whether that was so. */
  boolean cancel(Flight flight) {
    lock.lock();
    try {
      if (flight.state == Flight.State.TAKEN
          || flight.state == Flight.State.DONE
          || flight.dropReason != null) {
        return false;
      }
      drop(flight, "was cancelled");
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Begins a call that uses a taken batch; the desk is not closed until {@link #leave}.
   *
   * @throws IllegalStateException when the batch was given back, or the pipeline is closed
   */
  void enter(Flight flight) {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the pipeline of " + text(flight) + " is closed");
      }
      if (flight.state != Flight.State.TAKEN) {
        throw new IllegalStateException(text(flight) + " was given back");
      }
      callsInside++;
    } finally {
      lock.unlock();
    }
  }

  /** Ends what {@link #enter} began. */
  void leave() {
    lock.lock();
    try {
      callsInside--;
      progress.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Gives a taken batch's place back; doing it twice is fine. */
  void release(Flight flight) {
    lock.lock();
    try {
      if (flight.state == Flight.State.TAKEN) {
        finish(flight);
      }
    } finally {
      lock.unlock();
    }
  }

  // Closing

  /** Drops everything that was not taken; nothing is taken in from now on. */
  void beginClose() {
    lock.lock();
    try {
      closed = true;
      for (Flight flight : flights) {
        if (flight != null && flight.state != Flight.State.TAKEN && flight.dropReason == null) {
          drop(flight, "was dropped, the pipeline is closed");
        }
      }
      work.signalAll();
      progress.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until no caller and no gathering thread uses a place. Taken batches may stay. */
  void awaitUnused() {
    lock.lock();
    try {
      while (callsInside > 0 || isWorkedOn()) {
        progress.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isWorkedOn() {
    for (Flight flight : flights) {
      if (flight != null && flight.state != Flight.State.TAKEN) {
        return true;
      }
    }
    return false;
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Returns how many places are free. */
  int freeSlots() {
    lock.lock();
    try {
      return freeSlots.size();
    } finally {
      lock.unlock();
    }
  }

  // Under the lock

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the pipeline is closed");
    }
    if (broken != null) {
      throw new IllegalStateException("the device failed; close the pipeline", broken);
    }
  }

  /** Waits for a signal, but not beyond the next deadline; returns what is left of the time. */
  @SuppressWarnings("WaitNotInLoop") // All callers loop.
  private long await(Condition condition, long nanos) throws InterruptedException {
    long begin = System.nanoTime();
    long wait = Math.min(nanos, nanosToDeadline(begin));
    if (wait == FOREVER) {
      condition.await();
    } else if (wait > 0) {
      long _ = condition.awaitNanos(wait);
    }
    return nanos == FOREVER ? FOREVER : nanos - (System.nanoTime() - begin);
  }

  private long nanosToDeadline(long now) {
    long nearest = FOREVER;
    for (Flight flight : flights) {
      if (flight != null && flight.hasDeadline && canExpire(flight)) {
        nearest = Math.min(nearest, Math.max(0, flight.deadline - now));
      }
    }
    return nearest;
  }

  private static boolean canExpire(Flight flight) {
    return flight.state != Flight.State.TAKEN && flight.dropReason == null;
  }

  private void dropExpired() {
    long now = System.nanoTime();
    for (Flight flight : flights) {
      if (flight != null && flight.hasDeadline && canExpire(flight) && now - flight.deadline >= 0) {
        drop(flight, "expired, it was not taken in time");
      }
    }
  }

  private void drop(Flight flight, String reason) {
    flight.dropReason = reason;
    switch (flight.state) {
      case QUEUED -> {
        queue.remove(flight);
        finish(flight);
      }
      case READY -> finish(flight);
      default -> progress.signalAll();
    }
  }

  private void finish(Flight flight) {
    assert flights[flight.slot] == flight : text(flight) + " ends twice";
    flight.state = Flight.State.DONE;
    flights[flight.slot] = null;
    freeSlots.add(flight.slot);
    progress.signalAll();
  }

  /** Says why a batch can't be had. */
  private static RuntimeException outcome(Flight flight) {
    return switch (flight.failure) {
      case null ->
          flight.dropReason == null
              ? new IllegalStateException(text(flight) + " was given back")
              : new CancellationException(text(flight) + " " + flight.dropReason);
      case RuntimeException failure -> failure;
      case Error failure -> throw failure;
      default -> new IllegalStateException(flight.failure);
    };
  }

  private static String text(Flight flight) {
    return "batch " + flight.number;
  }
}
