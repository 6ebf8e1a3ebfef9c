package dev.emberkv.bench.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Traces for tests. */
final class Traces {
  private Traces() {}

  /**
   * Makes a trace in which taste can be learned: users and items belong to one of five groups, and
   * nine of ten interactions stay inside the group. Users and items share their ids.
   */
  static List<String> grouped(int users, int items, int interactionsEach, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> lines = new ArrayList<>();
    for (int user = 1; user <= users; user++) {
      for (int i = 0; i < interactionsEach; i++) {
        int item = 1 + random.nextInt(items);
        if (random.nextInt(10) > 0) {
          item = Math.max(1, item - item % 5 + user % 5);
        }
        lines.add(user + " " + Math.min(item, items));
      }
    }
    return lines;
  }
}
