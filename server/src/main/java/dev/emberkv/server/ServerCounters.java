package dev.emberkv.server;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
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

  /** Error replies by their code; other codes than these few count as one. */
  private final Map<String, LongAdder> errorsByCode = new ConcurrentSkipListMap<>();

  /** Counts an error reply. */
  void error(String message) {
    errors.increment();
    int blank = message.indexOf(' ');
    String code = blank < 0 ? message : message.substring(0, blank);
    if (errorsByCode.size() < MAX_CODES || errorsByCode.containsKey(code)) {
      errorsByCode.computeIfAbsent(code, name -> new LongAdder()).increment();
    }
  }

  /** Returns how many error replies there were with each code. */
  Map<String, LongAdder> errorsByCode() {
    return errorsByCode;
  }

  /** Sets everything to zero that counts events. */
  void reset() {
    for (LongAdder counter :
        List.of(
            commands,
            errors,
            keyHits,
            keyMisses,
            bytesIn,
            bytesOut,
            connections,
            refusedConnections,
            workerBatches)) {
      counter.reset();
    }
    errorsByCode.clear();
  }

  private static final int MAX_CODES = 128;

  private final AtomicLong lastClientId = new AtomicLong();

  /** Returns the next client's number, from 1 on. */
  long nextClientId() {
    return lastClientId.incrementAndGet();
  }
}
