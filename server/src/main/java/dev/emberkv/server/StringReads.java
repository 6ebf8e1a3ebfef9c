package dev.emberkv.server;

import dev.emberkv.engine.StringKeyspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GET and MGET; pipelined ones are read as one batch of the engine, so that cold keys cost one wait
 * together and not one each.
 *
 * <p>A batch holds its values in memory until they are written, and nobody knows their sizes
 * before. So the number of keys per batch follows the longest value of the client's last one: it
 * doubles while values are short, up to {@link #MAX_BATCH_KEYS}, and falls at once to what {@link
 * #BATCH_BYTES} hold when they are long.
 */
final class StringReads implements Command.RunHandler {
  /** The keys of a client's first batch. */
  static final int FIRST_BATCH_KEYS = 16;

  private static final int BATCH_BYTES = 4 << 20;
  private static final int MAX_BATCH_KEYS = 512;

  /** Longer MGETs run alone, in batches of their own. */
  private static final int LONGEST_JOINED = 64;

  private final StringKeyspace strings;
  private final ServerCounters counters;

  StringReads(StringKeyspace strings, ServerCounters counters) {
    this.strings = strings;
    this.counters = counters;
  }

  /** Answers GET. */
  void get(Request request, Session session, RespEncoder out) {
    byte[] value = strings.get(request.bytes(1));
    count(1, value == null ? 0 : 1);
    out.bulkOrNil(value);
  }

  /** Answers MGET. */
  void getSeveral(Request request, Session session, RespEncoder out) {
    out.array(request.size() - 1);
    List<byte[]> keys = new ArrayList<>();
    for (int i = 1; i < request.size(); i++) {
      keys.add(request.bytes(i));
      if (keys.size() >= session.readAheadKeys()) {
        writeValues(readAll(keys, session), out);
        keys.clear();
      }
    }
    writeValues(readAll(keys, session), out);
  }

  @Override
  public boolean accepts(Request request) {
    return request.size() <= LONGEST_JOINED;
  }

  /** Reads the keys of as many commands as fit and deals the values out, command by command. */
  @Override
  public int execute(RequestBatch batch, int from, int to, Session session, RespEncoder out) {
    Request request = new Request(batch);
    List<byte[]> keys = new ArrayList<>();
    int until = from;
    do {
      request.at(until++);
      for (int i = 1; i < request.size(); i++) {
        keys.add(request.bytes(i));
      }
    } while (until < to && keys.size() < session.readAheadKeys());
    byte[] @Nullable [] values = readAll(keys, session);
    int at = 0;
    for (int command = from; command < until; command++) {
      request.at(command);
      out.beginReply();
      if (request.is(0, "MGET")) {
        out.array(request.size() - 1);
      }
      for (int i = 1; i < request.size(); i++) {
        out.bulkOrNil(values[at++]);
      }
    }
    return until;
  }

  private byte[] @Nullable [] readAll(List<byte[]> keys, Session session) {
    byte[] @Nullable [] values = strings.getAll(keys.toArray(byte[][]::new));
    int longest = 1;
    int hits = 0;
    for (byte[] value : values) {
      if (value != null) {
        longest = Math.max(longest, value.length);
        hits++;
      }
    }
    count(values.length, hits);
    int next = Math.min(BATCH_BYTES / longest, 2 * session.readAheadKeys());
    session.readAheadKeys(Math.clamp(next, 1, MAX_BATCH_KEYS));
    return values;
  }

  private static void writeValues(byte[] @Nullable [] values, RespEncoder out) {
    for (byte[] value : values) {
      out.bulkOrNil(value);
    }
  }

  private void count(int keys, int hits) {
    counters.keyHits.add(hits);
    counters.keyMisses.add(keys - hits);
  }
}
