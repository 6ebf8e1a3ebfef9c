package dev.emberkv.server;

import java.util.ArrayDeque;
import java.util.ArrayList;
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

  /**
   * What is kept of an event.
   *
   * @param samples oldest first, at least one
   * @param worstMillis of all samples since it was forgotten last
   */
  record Event(String name, List<Sample> samples, long worstMillis) {}

  /** The samples of an event; guarded by its monitor. */
  private static final class Samples {
    private final ArrayDeque<Sample> latest = new ArrayDeque<>();
    private long worstMillis;

    synchronized void add(long now, long millis) {
      worstMillis = Math.max(worstMillis, millis);
      Sample last = latest.peekLast();
      if (last != null && last.timeSeconds == now) {
        latest.removeLast();
        latest.addLast(new Sample(now, Math.max(last.millis, millis)));
      } else {
        latest.addLast(new Sample(now, millis));
      }
      if (latest.size() > MAX_SAMPLES) {
        latest.removeFirst();
      }
    }

    synchronized Event event(String name) {
      return new Event(name, List.copyOf(latest), worstMillis);
    }
  }

  private final Tuning tuning;
  private final Map<String, Samples> events = new ConcurrentSkipListMap<>();

  LatencyLog(Tuning tuning) {
    this.tuning = tuning;
  }

  /** Notes a command if it took long. */
  void consider(Command command, long nanos) {
    long threshold = tuning.latencyMillis();
    long millis = nanos / 1_000_000;
    if (threshold > 0 && millis >= threshold) {
      boolean fast = command.flags().contains(Command.Flag.FAST);
      long now = System.currentTimeMillis() / 1000;
      events.compute(
          fast ? FAST_COMMAND : COMMAND,
          (name, known) -> {
            Samples samples = known == null ? new Samples() : known;
            samples.add(now, millis);
            return samples;
          });
    }
  }

  /** Returns an event, or null when nothing took long. */
  @Nullable Event event(String name) {
    Samples samples = events.get(name);
    return samples == null ? null : samples.event(name);
  }

  /** Returns all events by name. */
  List<Event> events() {
    List<Event> all = new ArrayList<>();
    events.forEach((name, samples) -> all.add(samples.event(name)));
    return all;
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
