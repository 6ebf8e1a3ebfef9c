package dev.emberkv.server;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** When commands took longer than the threshold of LATENCY; thread-safe. */
final class LatencyLog {
  static final String COMMAND = "command";
  static final String FAST_COMMAND = "fast-command";
  private static final int MAX_SAMPLES = 160;

  /** The worst command of one second. */
  record Sample(long timeSeconds, long millis) {}

  private final Tuning tuning;
  private final Map<String, ArrayDeque<Sample>> events = new ConcurrentSkipListMap<>();

  LatencyLog(Tuning tuning) {
    this.tuning = tuning;
  }

  /** Notes a command if it took long. */
  void consider(Command command, long nanos) {
    long threshold = tuning.latencyMillis();
    long millis = nanos / 1_000_000;
    if (threshold > 0 && millis >= threshold) {
      boolean fast = command.flags().contains(Command.Flag.FAST);
      add(fast ? FAST_COMMAND : COMMAND, millis);
    }
  }

  private void add(String event, long millis) {
    ArrayDeque<Sample> samples = events.computeIfAbsent(event, name -> new ArrayDeque<>());
    long now = System.currentTimeMillis() / 1000;
    synchronized (samples) {
      Sample last = samples.peekLast();
      if (last != null && last.timeSeconds == now) {
        samples.removeLast();
        samples.addLast(new Sample(now, Math.max(last.millis, millis)));
      } else {
        samples.addLast(new Sample(now, millis));
      }
      if (samples.size() > MAX_SAMPLES) {
        samples.removeFirst();
      }
    }
  }

  /** Returns the samples of an event, oldest first. */
  List<Sample> history(String event) {
    ArrayDeque<Sample> samples = events.get(event);
    if (samples == null) {
      return List.of();
    }
    synchronized (samples) {
      return List.copyOf(samples);
    }
  }

  /** Returns the names of the events that have samples. */
  List<String> names() {
    return List.copyOf(events.keySet());
  }

  /** Forgets an event, or all for null; returns how many were known. */
  int reset(@Nullable String event) {
    if (event != null) {
      return events.remove(event) == null ? 0 : 1;
    }
    int count = events.size();
    events.clear();
    return count;
  }
}
