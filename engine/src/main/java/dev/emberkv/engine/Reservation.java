package dev.emberkv.engine;

import java.util.concurrent.atomic.AtomicBoolean;

/** A reserved part of a budget. */
final class Reservation implements MemoryReservation {
  private final MemoryBudget budget;
  private final long bytes;
  private final AtomicBoolean closed = new AtomicBoolean();

  Reservation(MemoryBudget budget, long bytes) {
    this.budget = budget;
    this.bytes = bytes;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      budget.release(bytes);
    }
  }
}
