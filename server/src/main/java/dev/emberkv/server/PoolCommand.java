package dev.emberkv.server;

import dev.emberkv.engine.Pooling;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code EMB.POOL table SUM|MEAN ids offsets [WEIGHTS weights]}: packed little-endian {@code u64}
 * ids, packed {@code u32} starts of the bags and packed {@code f32} weights; the reply is one bulk
 * string of {@code f32} rows, one for each bag. {@code EMB.MPOOL} takes any number of these, of one
 * table or of several, and replies with an array of as many bulk strings.
 */
final class PoolCommand {
  /** Table, pooling, ids and offsets. */
  private static final int ARGUMENTS = 4;

  private final Store store;
  private final int maxReplyBytes;

  PoolCommand(Store store, int maxReplyBytes) {
    this.store = store;
    this.maxReplyBytes = maxReplyBytes;
  }

  /** The bags of one table. */
  private record Bags(
      Table table,
      Pooling pooling,
      MemorySegment ids,
      MemorySegment offsets,
      MemorySegment weights) {
    long bytes() {
      return offsets.byteSize() / Integer.BYTES * table.spec().dim() * Float.BYTES;
    }

    void write(RespEncoder out) {
      MemorySegment target = out.bulkSegment((int) bytes());
      table.pool(pooling, ids, offsets, weights, target);
      out.endBulkSegment();
    }
  }

  void one(Request request, Session session, RespEncoder out) {
    List<Bags> lookups = parse(request, "EMB.POOL");
    if (lookups.size() != 1) {
      throw CommandException.syntaxError();
    }
    write(lookups, "EMB.POOL", out);
  }

  void many(Request request, Session session, RespEncoder out) {
    List<Bags> lookups = parse(request, "EMB.MPOOL");
    out.array(lookups.size());
    write(lookups, "EMB.MPOOL", out);
  }

  private static void write(List<Bags> lookups, String command, RespEncoder out) {
    try {
      lookups.forEach(bags -> bags.write(out));
    } catch (IllegalArgumentException e) {
      throw fail(command, e.getMessage());
    }
  }

  private List<Bags> parse(Request request, String command) {
    List<Bags> lookups = new ArrayList<>();
    long bytes = 0;
    for (int at = 1; at < request.size(); ) {
      if (request.size() - at < ARGUMENTS) {
        throw CommandException.syntaxError();
      }
      boolean weighted = request.size() > at + ARGUMENTS && request.is(at + ARGUMENTS, "WEIGHTS");
      Bags bags = bags(request, at, weighted, command);
      bytes += bags.bytes();
      if (bytes > maxReplyBytes) {
        throw fail(
            command,
            "%d bags of table '%s' make %d bytes, the limit of a reply is %d"
                .formatted(
                    bags.offsets.byteSize() / Integer.BYTES,
                    bags.table.spec().name(),
                    bytes,
                    maxReplyBytes));
      }
      lookups.add(bags);
      at += weighted ? ARGUMENTS + 2 : ARGUMENTS;
    }
    return lookups;
  }

  private Bags bags(Request request, int at, boolean weighted, String command) {
    String name = request.text(at);
    Table table =
        store
            .table(name)
            .orElseThrow(() -> new CommandException("ERR there is no table '" + name + "'"));
    MemorySegment weights = MemorySegment.NULL;
    if (weighted) {
      int argument = at + ARGUMENTS + 1;
      if (argument >= request.size()) {
        throw CommandException.syntaxError();
      }
      if (request.length(argument) == 0 && request.length(at + 2) > 0) {
        throw fail(
            command,
            "weights has 0 bytes, %d keys have more".formatted(request.length(at + 2) / 8));
      }
      weights = request.segment(argument);
    }
    return new Bags(
        table,
        pooling(request, at + 1, command),
        request.segment(at + 2),
        request.segment(at + 3),
        weights);
  }

  private static Pooling pooling(Request request, int argument, String command) {
    if (request.is(argument, "SUM")) {
      return Pooling.SUM;
    }
    if (request.is(argument, "MEAN")) {
      return Pooling.MEAN;
    }
    throw fail(command, "pooling must be SUM or MEAN, not '" + request.text(argument) + "'");
  }

  private static CommandException fail(String command, @Nullable String message) {
    return new CommandException("ERR " + command + ": " + message);
  }
}
