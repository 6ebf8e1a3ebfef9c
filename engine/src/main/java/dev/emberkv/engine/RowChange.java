package dev.emberkv.engine;

/** Makes of a row's payload what it is to be next. Applying it twice to one payload is twice. */
interface RowChange {
  /** Returns the length of the payload, before and after. */
  int payloadBytes();

  /** Decides whether a row that is not there is made; asked once. */
  boolean admits();

  /** Writes the payload of a row that is not there yet, for {@link #applyTo}. */
  void create(long payload);

  /** Changes a payload in place, without waiting for anything: it may be under a lock. */
  void applyTo(long payload);
}
