package dev.emberkv.uring;

import org.junit.jupiter.api.Assumptions;

/** What a test needs of its machine. A test that can't run says so in the output of the build. */
final class Requirement {
  private Requirement() {}

  /** Skips the test unless the condition holds, and prints what was missing. */
  static void that(boolean condition, String missing) {
    if (!condition) {
      System.out.println("SKIPPED: " + missing);
    }
    Assumptions.assumeTrue(condition, missing);
  }
}
