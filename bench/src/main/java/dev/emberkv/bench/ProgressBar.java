package dev.emberkv.bench;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bar on standard error that shows how far a long task is: redrawn in place on a terminal, a new
 * line every few seconds elsewhere.
 *
 * <p>Any thread may report steps; whichever finds the drawing due and free draws.
 */
public final class ProgressBar implements AutoCloseable {
  private static final int CELLS = 30;
  private static final long TERMINAL_INTERVAL_NANOS = 200_000_000L;
  private static final long PLAIN_INTERVAL_NANOS = 5_000_000_000L;

  private final PrintStream out;
  private final boolean terminal;
  private final String task;
  private final String unit;
  private final long total;
  private final long startNanos = System.nanoTime();
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong nextDrawNanos;
  private volatile String note = "";

  private ProgressBar(PrintStream out, boolean terminal, String task, String unit, long total) {
    this.out = out;
    this.terminal = terminal;
    this.task = task;
    this.unit = unit;
    this.total = total;
    this.nextDrawNanos = new AtomicLong(startNanos + interval());
  }

  /**
   * Starts a bar.
   *
   * @param task what is being done, a word or two
   * @param unit what a step is, in the plural
   * @param total steps to the end
   */
  public static ProgressBar start(String task, String unit, long total) {
    // The launcher knows whether its standard error is a terminal; Java has no way to ask.
    return startOn(System.err, Boolean.getBoolean("emberkv.terminal"), task, unit, total);
  }

  /** Starts a bar on a given stream. */
  static ProgressBar startOn(
      PrintStream out, boolean terminal, String task, String unit, long total) {
    return new ProgressBar(out, terminal, task, unit, total);
  }

  /** Reports finished steps. */
  public void step(long steps) {
    done.addAndGet(steps);
    long now = System.nanoTime();
    long due = nextDrawNanos.get();
    if (now - due >= 0 && nextDrawNanos.compareAndSet(due, now + interval())) {
      draw(now, false);
    }
  }

  /** Shows a short text behind the bar from the next drawing on. */
  public void note(String text) {
    note = text;
  }

  /** Draws the last state and ends the line. */
  @Override
  public void close() {
    draw(System.nanoTime(), true);
  }

  private long interval() {
    return terminal ? TERMINAL_INTERVAL_NANOS : PLAIN_INTERVAL_NANOS;
  }

  private void draw(long now, boolean last) {
    long steps = done.get();
    double share = total == 0 ? 1 : Math.min(1, (double) steps / total);
    double seconds = Math.max(1e-9, (now - startNanos) / 1e9);
    int filled = (int) (share * CELLS);
    String line =
        String.format(
            Locale.ROOT,
            "%-8s [%s%s] %3.0f%%  %s %s/s  %.0f s%s  %s",
            task,
            "=".repeat(filled),
            " ".repeat(CELLS - filled),
            share * 100,
            scaled(steps / seconds),
            unit,
            seconds,
            left(share, seconds),
            note);
    if (!terminal) {
      out.println(line.stripTrailing());
    } else {
      out.print("\r" + line + "\u001b[K" + (last ? System.lineSeparator() : ""));
      out.flush();
    }
  }

  /** Says how long the rest will take if it goes on like this; nothing before and at the end. */
  private static String left(double share, double seconds) {
    return share > 0 && share < 1
        ? String.format(Locale.ROOT, ", %.0f s left", seconds * (1 - share) / share)
        : "";
  }

  private static String scaled(double rate) {
    return rate >= 1e6
        ? String.format(Locale.ROOT, "%.2f M", rate / 1e6)
        : String.format(Locale.ROOT, "%.1f k", rate / 1e3);
  }
}
