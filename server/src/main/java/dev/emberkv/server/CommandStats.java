package dev.emberkv.server;

import java.util.concurrent.atomic.LongAdder;

/** How often a command was called and how long that took; thread-safe. */
final class CommandStats {
  final LongAdder calls = new LongAdder();
  final LongAdder nanos = new LongAdder();
  final CallTimes times = new CallTimes();

  /** Calls that were refused before they ran. */
  final LongAdder rejected = new LongAdder();

  /** Calls that ran and were answered with an error. */
  final LongAdder failed = new LongAdder();

  void reset() {
    calls.reset();
    nanos.reset();
    times.reset();
    rejected.reset();
    failed.reset();
  }
}
