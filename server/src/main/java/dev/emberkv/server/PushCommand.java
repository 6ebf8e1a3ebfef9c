package dev.emberkv.server;

import dev.emberkv.engine.PushOptions;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import org.jspecify.annotations.Nullable;

/**
 * {@code EMB.PUSH table ids gradients [LR x] [TOKEN bytes] [TIME seconds] [SHOWS counts] [CLICKS
 * counts]}: packed little-endian {@code u64} ids, and for each as many packed {@code f32} values as
 * the table has columns; counts are packed {@code f32}, one for each id.
 */
final class PushCommand implements Command.Handler {
  private static final int IDS = 2;
  private static final int GRADIENTS = 3;

  private final Store store;

  PushCommand(Store store) {
    this.store = store;
  }

  @Override
  public void execute(Request request, Session session, RespEncoder out) {
    String name = request.text(1);
    Table table =
        store
            .table(name)
            .orElseThrow(() -> new CommandException("ERR there is no table '" + name + "'"));
    PushOptions options = options(request);
    try {
      table.push(request.segment(IDS), request.segment(GRADIENTS), options);
    } catch (IllegalArgumentException e) {
      throw fail(e.getMessage());
    }
    out.ok();
  }

  private static PushOptions options(Request request) {
    PushOptions options = PushOptions.none();
    for (int at = GRADIENTS + 1; at < request.size(); at += 2) {
      if (at + 1 == request.size()) {
        throw CommandException.syntaxError();
      }
      try {
        if (request.is(at, "LR")) {
          options = options.withLearningRate(number(request, at + 1));
        } else if (request.is(at, "TOKEN")) {
          options = options.withToken(request.bytes(at + 1));
        } else if (request.is(at, "TIME")) {
          options = options.withTime(seconds(request, at + 1));
        } else if (request.is(at, "SHOWS")) {
          options = options.withShows(request.segment(at + 1));
        } else if (request.is(at, "CLICKS")) {
          options = options.withClicks(request.segment(at + 1));
        } else {
          throw fail("unknown option '" + request.text(at) + "'");
        }
      } catch (IllegalArgumentException e) {
        throw fail(e.getMessage());
      }
    }
    return options;
  }

  private static long seconds(Request request, int argument) {
    try {
      return Long.parseLong(request.text(argument));
    } catch (NumberFormatException e) {
      throw fail("TIME needs whole seconds, not '" + request.text(argument) + "'");
    }
  }

  private static double number(Request request, int argument) {
    try {
      return Double.parseDouble(request.text(argument));
    } catch (NumberFormatException e) {
      throw fail("LR needs a number, not '" + request.text(argument) + "'");
    }
  }

  private static CommandException fail(@Nullable String message) {
    return new CommandException("ERR EMB.PUSH: " + message);
  }
}
