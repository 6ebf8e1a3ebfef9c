package dev.emberkv.cuda;

import org.jspecify.annotations.Nullable;

/**
 * One batch on its way through a pipeline. What says where it stands is guarded by the lock of its
 * {@link TicketDesk}; the counts belong to whoever holds the place.
 */
final class Flight {
  /** Where a batch stands; it only moves down, and every state may be followed by the last one. */
  enum State {
    /** A submitter writes the ids into the place. */
    CLAIMED,
    /** It waits for a gathering thread. */
    QUEUED,
    /** A gathering thread has it. */
    GATHERING,
    /** It waits for the consumer; its rows are in device memory or on their way there. */
    READY,
    /** The consumer has it. */
    TAKEN,
    /** Its place was given to others. */
    DONE
  }

  final TicketDesk desk;
  final long number;
  final int slot;

  /** {@link System#nanoTime} from which on nobody wants it any more. */
  final long deadline;

  final boolean hasDeadline;

  State state = State.CLAIMED;

  /** Why it is not wanted any more; a batch being worked on ends as soon as that is done. */
  @Nullable String dropReason;

  @Nullable Throwable failure;

  /** Ids of the batch. */
  int count;

  /** Rows looked up for them. */
  int looked;

  Flight(TicketDesk desk, long number, int slot, long deadline, boolean hasDeadline) {
    this.desk = desk;
    this.number = number;
    this.slot = slot;
    this.deadline = deadline;
    this.hasDeadline = hasDeadline;
  }
}
