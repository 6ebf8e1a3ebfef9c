package dev.emberkv.server;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What one server counts for {@code INFO}; thread-safe. */
final class ServerCounters {
  /** Commands answered, errors included. */
  final LongAdder commands = new LongAdder();

  /** Commands answered with an error. */
  final LongAdder errors = new LongAdder();

  /** Keys of read commands that were there. */
  final LongAdder keyHits = new LongAdder();

  /** Keys of read commands that were missing. */
  final LongAdder keyMisses = new LongAdder();

  /** Bytes that came from clients. */
  final LongAdder bytesIn = new LongAdder();

  /** Bytes of replies. */
  final LongAdder bytesOut = new LongAdder();

  /** Connections accepted, the refused ones included. */
  final LongAdder connections = new LongAdder();

  /** Connections turned away by maxclients or protected mode. */
  final LongAdder refusedConnections = new LongAdder();

  /** Connections that are open now. */
  final AtomicInteger clients = new AtomicInteger();

  /** Batches of commands that a worker executed. */
  final LongAdder workerBatches = new LongAdder();

  private final AtomicLong lastClientId = new AtomicLong();

  /** Returns the next client's number, from 1 on. */
  long nextClientId() {
    return lastClientId.incrementAndGet();
  }
}
