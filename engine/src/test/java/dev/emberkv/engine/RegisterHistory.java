package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What several threads did to one key, and whether it is linearizable: whether there is an order of
 * the operations, in which none comes before another that had ended when it began, that a single
 * register would answer in the same way. The search is that of J. Wing and C. Gong, "Testing and
 * Verifying Concurrent Objects", 1993, with G. Lowe's memory of visited states, 2017.
 */
final class RegisterHistory {
  /** The register is empty. */
  static final int ABSENT = 0;

  /** The most operations that one history may have. */
  static final int MAX_OPERATIONS = 62;

  /** What an operation did. */
  enum Kind {
    /** Wrote a value. */
    PUT,
    /** Found a value, or {@link #ABSENT}. */
    GET,
    /** Removed the value; 1 when there was one. */
    DELETE
  }

  /**
   * An operation that has ended.
   *
   * @param began reading of a clock that all threads share, before the call
   * @param ended the same after the call
   */
  record Operation(Kind kind, int value, long began, long ended) {}

  private final List<Operation> operations = new ArrayList<>();

  void add(Operation operation) {
    if (operations.size() == MAX_OPERATIONS) {
      throw new IllegalStateException("a history has at most " + MAX_OPERATIONS + " operations");
    }
    operations.add(operation);
  }

  List<Operation> operations() {
    return operations;
  }

  /** Returns whether the history is linearizable, from a register with this value on. */
  boolean isLinearizable(int initial) {
    return search(0, initial, new HashSet<>());
  }

  private record State(long done, int value) {}

  private boolean search(long done, int value, Set<State> visited) {
    if (Long.bitCount(done) == operations.size()) {
      return true;
    }
    if (!visited.add(new State(done, value))) {
      return false;
    }
    long firstEnd = Long.MAX_VALUE;
    for (int i = 0; i < operations.size(); i++) {
      if ((done & (1L << i)) == 0) {
        firstEnd = Math.min(firstEnd, operations.get(i).ended());
      }
    }
    for (int i = 0; i < operations.size(); i++) {
      Operation next = operations.get(i);
      if ((done & (1L << i)) == 0 && next.began() <= firstEnd && answers(next, value)) {
        if (search(done | (1L << i), after(next, value), visited)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean answers(Operation operation, int value) {
    return switch (operation.kind()) {
      case PUT -> true;
      case GET -> operation.value() == value;
      case DELETE -> operation.value() == (value == ABSENT ? 0 : 1);
    };
  }

  private static int after(Operation operation, int value) {
    return switch (operation.kind()) {
      case PUT -> operation.value();
      case GET -> value;
      case DELETE -> ABSENT;
    };
  }
}
