package dev.emberkv.engine;

import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * The tokens of the newest pushes to a table, and where the log has them: a push with one of these
 * was applied. The record of a token belongs to the push's batch, so after a crash it is there if
 * and only if the batch is.
 *
 * <p>Thread-safe. A push whose token is that of one under way waits for its outcome.
 */
final class PushTokens {
  /** How many tokens are remembered. */
  static final int REMEMBERED = 1 << 14;

  /** What is known of a push. */
  private static final class Push {
    /** Where the log has the token; 0 as long as it does not. */
    long record;

    boolean ended;
    boolean failed;
  }

  /** By token, the oldest first; guarded by this. */
  private final Map<String, Push> pushes = new LinkedHashMap<>();

  /** Returns a token as a key. */
  static String keyOf(byte[] token) {
    return new String(token, StandardCharsets.ISO_8859_1);
  }

  /**
   * Begins a push, unless one with that token was applied; waits while one is under way.
   *
   * @return false when it was applied
   * @throws IllegalStateException when it failed on the way
   */
  synchronized boolean begin(String token) {
    Push push = pushes.get(token);
    while (push != null && !push.ended) {
      await();
      push = pushes.get(token);
    }
    if (push == null) {
      pushes.put(token, new Push());
      return true;
    }
    if (push.failed) {
      throw new IllegalStateException(
          "the push of this token failed on the way, when some of its rows were changed already");
    }
    return false;
  }

  @SuppressWarnings("WaitNotInLoop") // the loop is in the caller
  private void await() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a push of the same token", e);
    }
  }

  /** Notes that the log has the token, from where on the push may change rows. */
  synchronized void logged(String token, long record) {
    Objects.requireNonNull(pushes.get(token), "the push was begun").record = record;
  }

  /**
   * Ends a push.
   *
   * @param dead told of the records of tokens that are no longer remembered
   */
  synchronized void end(String token, boolean failed, LongConsumer dead) {
    Push push = pushes.remove(token);
    if (push != null && push.record != 0) {
      push.ended = true;
      push.failed = failed;
      pushes.put(token, push);
      forget(dead);
    }
    notifyAll();
  }

  private void forget(LongConsumer dead) {
    for (Iterator<Push> oldest = pushes.values().iterator();
        pushes.size() > REMEMBERED && oldest.hasNext(); ) {
      Push push = oldest.next();
      if (push.ended) {
        oldest.remove();
        dead.accept(push.record);
      }
    }
  }

  /** Takes up a token that the log has, later ones after earlier ones. */
  synchronized void recover(String token, long record) {
    Push push = new Push();
    push.record = record;
    push.ended = true;
    pushes.remove(token);
    pushes.put(token, push);
    forget(gone -> {});
  }

  /** Points to the copy of a record; false when nothing points to the original any more. */
  synchronized boolean relocate(String token, long from, long to) {
    Push push = pushes.get(token);
    if (push == null || push.record != from) {
      return false;
    }
    push.record = to;
    return true;
  }

  /** Visits the records of all tokens. */
  synchronized void forEachRecord(LongConsumer visitor) {
    for (Push push : pushes.values()) {
      if (push.record != 0) {
        visitor.accept(push.record);
      }
    }
  }
}
