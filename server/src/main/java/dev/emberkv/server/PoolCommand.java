package dev.emberkv.server;

import dev.emberkv.engine.Pooling;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code EMB.POOL table SUM|MEAN ids offsets [WEIGHTS weights]}: packed little-endian {@code u64}
 * ids, packed {@code u32} starts of the bags and packed {@code f32} weights; the reply is one bulk
 * string of {@code f32} rows, one for each bag.
 */
final class PoolCommand implements Command.Handler {
  private static final int IDS = 3;
  private static final int OFFSETS = 4;
  private static final int WEIGHTS = 6;

  private final Store store;
  private final int maxReplyBytes;

  PoolCommand(Store store, int maxReplyBytes) {
    this.store = store;
    this.maxReplyBytes = maxReplyBytes;
  }

  @Override
  public void execute(Request request, Session session, RespEncoder out) {
    String name = request.text(1);
    Table table =
        store
            .table(name)
            .orElseThrow(() -> new CommandException("ERR there is no table '" + name + "'"));
    Pooling pooling = pooling(request);
    MemorySegment weights = weights(request);
    long bags = request.length(OFFSETS) / Integer.BYTES;
    long bytes = bags * table.spec().dim() * Float.BYTES;
    if (bytes > maxReplyBytes) {
      throw fail(
          "%d bags of table '%s' are %d bytes, the limit of a reply is %d"
              .formatted(bags, name, bytes, maxReplyBytes));
    }
    MemorySegment target = out.bulkSegment((int) bytes);
    try {
      table.pool(pooling, request.segment(IDS), request.segment(OFFSETS), weights, target);
    } catch (IllegalArgumentException e) {
      throw fail(e.getMessage());
    }
    out.endBulkSegment();
  }

  private static Pooling pooling(Request request) {
    if (request.is(2, "SUM")) {
      return Pooling.SUM;
    }
    if (request.is(2, "MEAN")) {
      return Pooling.MEAN;
    }
    throw fail("pooling must be SUM or MEAN, not '" + request.text(2) + "'");
  }

  private static MemorySegment weights(Request request) {
    if (request.size() == OFFSETS + 1) {
      return MemorySegment.NULL;
    }
    if (request.size() != WEIGHTS + 1 || !request.is(WEIGHTS - 1, "WEIGHTS")) {
      throw CommandException.syntaxError();
    }
    if (request.length(WEIGHTS) == 0 && request.length(IDS) > 0) {
      throw fail("weights has 0 bytes, %d keys have more".formatted(request.length(IDS) / 8));
    }
    return request.segment(WEIGHTS);
  }

  private static CommandException fail(@Nullable String message) {
    return new CommandException("ERR EMB.POOL: " + message);
  }
}
