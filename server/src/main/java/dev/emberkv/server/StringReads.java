package dev.emberkv.server;

import dev.emberkv.engine.StringBatch;
import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.engine.WouldWaitException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GET and MGET. Values in DRAM go from the engine's memory straight into the reply, those of
 * pipelined GETs as one batch; cold ones are read together, so that they cost one wait and not one
 * each.
 */
final class StringReads implements Command.RunHandler {
  /** Cold values are read so many bytes at a time. */
  private static final int BATCH_BYTES = 4 << 20;

  private static final int MAX_COLD_KEYS = 512;

  private final Data data;
  private final ThreadLocal<StringBatch> batches = ThreadLocal.withInitial(StringBatch::new);

  StringReads(Data data) {
    this.data = data;
  }

  /** Answers GET. */
  void get(Request request, Session session, RespEncoder out) {
    out.bulkOrNil(data.read(request, session));
  }

  /** Answers MGET. */
  void getSeveral(Request request, Session session, RespEncoder out) {
    StringBatch keys = batches.get();
    keys.clear(request.data());
    for (int i = 1; i < request.size(); i++) {
      keys.add(request.offset(i), request.length(i));
    }
    StringKeyspace strings = data.of(session);
    out.array(keys.size());
    int next = 0;
    while (next < keys.size()) {
      next = readHot(strings, keys, next, out, false);
      if (next < keys.size()) {
        next = readCold(strings, keys, next, out, false);
      }
    }
  }

  @Override
  public boolean accepts(Request request) {
    return request.size() == 2;
  }

  @Override
  public int execute(RequestBatch batch, int from, int to, Session session, RespEncoder out) {
    StringBatch keys = batches.get();
    keys.clear(batch.data());
    for (int command = from; command < to; command++) {
      int key = batch.firstArgument(command) + 1;
      keys.add(batch.offset(key), batch.length(key));
    }
    StringKeyspace strings = data.of(session);
    int answered = readHot(strings, keys, 0, out, true);
    if (answered == 0) {
      try {
        answered = readCold(strings, keys, 0, out, true);
      } catch (WouldWaitException e) {
        return from;
      }
    }
    return from + answered;
  }

  private int readHot(
      StringKeyspace strings, StringBatch keys, int from, RespEncoder out, boolean replyEach) {
    ReplySink sink = new ReplySink(out, replyEach);
    int next = strings.getHot(keys, from, sink);
    sink.endAt(next);
    data.count(next - from, sink.hits());
    return next;
  }

  /** Reads the next keys wherever they are; returns the first that is not answered. */
  private int readCold(
      StringKeyspace strings, StringBatch batch, int from, RespEncoder out, boolean replyEach) {
    byte[][] keys = new byte[Math.min(MAX_COLD_KEYS, batch.size() - from)][];
    for (int i = 0; i < keys.length; i++) {
      int offset = batch.keyOffset(from + i);
      int end = offset + batch.keyBytes(from + i);
      keys[i] = Arrays.copyOfRange(batch.data(), offset, end);
    }
    byte[] @Nullable [] values = new byte[keys.length][];
    int answered = strings.getAll(keys, 0, values, BATCH_BYTES);
    int hits = 0;
    for (int i = 0; i < answered; i++) {
      if (replyEach) {
        out.beginReply();
      }
      byte[] value = values[i];
      if (value != null) {
        hits++;
        out.bulk(value);
      } else if (replyEach && strings.contains(keys[i])) {
        out.error(CommandException.WRONG_TYPE);
      } else {
        out.nil();
      }
    }
    data.count(answered, hits);
    return from + answered;
  }
}
