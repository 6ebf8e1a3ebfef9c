package dev.emberkv.server;

import dev.emberkv.engine.ValueSink;
import dev.emberkv.engine.ValueType;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;

/**
 * Lets the engine put values straight into the replies of neighbouring keys.
 *
 * <p>Not thread-safe; made for one call.
 */
final class ReplySink implements ValueSink {
  private final RespEncoder out;
  private final boolean replyEach;
  private final long begin;
  private int last = -1;
  private long start;
  private int hits;

  /**
   * Makes one that writes to {@code out}.
   *
   * @param replyEach whether each key is a command of its own, rather than an element of a reply
   */
  ReplySink(RespEncoder out, boolean replyEach) {
    this.out = out;
    this.replyEach = replyEach;
    this.begin = out.size();
  }

  /** Returns how many of the keys answered so far were there. */
  int hits() {
    return hits;
  }

  /** Starts the answer of a key, or starts it anew. */
  private void restart(int n) {
    if (n != last) {
      last = n;
      start = out.size();
      if (replyEach) {
        out.beginReply();
      }
    } else {
      hits--;
      if (out.size() != start) {
        out.truncate(start);
      }
    }
    hits++;
  }

  /** Takes back what was written for a key that the engine has no answer for after all. */
  void endAt(int n) {
    if (n == last) {
      out.truncate(start);
      hits--;
    }
  }

  @Override
  public void startOver() {
    out.truncate(begin);
    last = -1;
    hits = 0;
  }

  @Override
  public MemorySegment segment() {
    return RawMemory.all();
  }

  @Override
  public long begin(int n, int valueBytes) {
    restart(n);
    return out.bulkAddress(valueBytes);
  }

  /** A run of commands stops when enough replies have gathered, so that they are sent. */
  @Override
  public boolean wantsMore() {
    return !replyEach || out.size() < CommandExecutor.YIELD_BYTES;
  }

  @Override
  public void missing(int n) {
    restart(n);
    hits--;
    out.nil();
  }

  @Override
  public void wrongType(int n, ValueType found) {
    restart(n);
    if (replyEach) {
      out.error(CommandException.WRONG_TYPE);
    } else {
      out.nil();
    }
  }
}
