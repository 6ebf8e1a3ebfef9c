package dev.emberkv.server;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The latest commands that took long; thread-safe. */
final class SlowLog {
  private static final int MAX_ARGUMENTS = 32;
  private static final int MAX_ARGUMENT_BYTES = 128;

  /**
   * A command that took long.
   *
   * @param id counts from 0
   * @param timeSeconds when it ran, in seconds since 1970
   * @param micros how long it took
   * @param arguments what it was, shortened
   */
  record Entry(
      long id,
      long timeSeconds,
      long micros,
      List<String> arguments,
      String address,
      String clientName) {}

  private final ArrayDeque<Entry> entries = new ArrayDeque<>();
  private long nextId;
  private volatile long thresholdMicros = 10_000;
  private volatile int maxEntries = 128;

  long thresholdMicros() {
    return thresholdMicros;
  }

  void thresholdMicros(long micros) {
    thresholdMicros = micros;
  }

  int maxEntries() {
    return maxEntries;
  }

  synchronized void maxEntries(int entryCount) {
    maxEntries = entryCount;
    trim();
  }

  /** Notes a command if it took long. */
  void consider(Request request, Session session, long nanos) {
    long threshold = thresholdMicros;
    if (threshold < 0 || nanos < 1000 * threshold) {
      return;
    }
    List<String> arguments = new ArrayList<>();
    for (int i = 0; i < Math.min(request.size(), MAX_ARGUMENTS); i++) {
      if (i == MAX_ARGUMENTS - 1 && request.size() > MAX_ARGUMENTS) {
        arguments.add("... (" + (request.size() - i) + " more arguments)");
      } else {
        String shown = ErrorTexts.shown(request, i);
        int more = request.length(i) - MAX_ARGUMENT_BYTES;
        arguments.add(more > 0 ? shown + "... (" + more + " more bytes)" : shown);
      }
    }
    add(arguments, session, nanos);
  }

  private synchronized void add(List<String> arguments, Session session, long nanos) {
    entries.addFirst(
        new Entry(
            nextId++,
            System.currentTimeMillis() / 1000,
            nanos / 1000,
            arguments,
            session.remoteAddress(),
            session.name()));
    trim();
  }

  private void trim() {
    while (entries.size() > maxEntries) {
      entries.removeLast();
    }
  }

  /** Returns the latest entries, newest first. */
  synchronized List<Entry> latest(int count) {
    return entries.stream().limit(count).toList();
  }

  synchronized int size() {
    return entries.size();
  }

  synchronized void reset() {
    entries.clear();
  }
}
