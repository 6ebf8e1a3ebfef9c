package dev.emberkv.cuda;

/** Stands for a batch that was submitted to a {@link PrefetchPipeline}. Immutable. */
public final class Ticket {
  private final Flight flight;

  Ticket(Flight flight) {
    this.flight = flight;
  }

  /** Returns the batch's number in its pipeline, from 1. */
  public long number() {
    return flight.number;
  }

  Flight flightOf(TicketDesk desk) {
    if (flight.desk != desk) {
      throw new IllegalArgumentException("the ticket is another pipeline's");
    }
    return flight;
  }

  @Override
  public String toString() {
    return "ticket " + flight.number;
  }
}
