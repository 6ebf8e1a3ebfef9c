package dev.emberkv.server;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.server.Command.Placement;
import dev.emberkv.uring.IoFailure;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that answers the commands of a batch, one reply each and in order.
 *
 * <p>Neighbouring commands that share a {@link Command.RunHandler} become one call of the engine.
 * Every failure ends up in the reply of its command: a caller's mistake with the message that names
 * the argument, an operational failure or corruption with its own text, a bug with a pointer to the
 * log. Stateless and so thread-safe; batch, session and encoder belong to the calling thread.
 */
final class CommandExecutor {
  /** Replies are handed to the socket at the latest when so many bytes have gathered. */
  static final int YIELD_BYTES = 512 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(CommandExecutor.class);
  private static final int SHOWN_ARGUMENT_BYTES = 128;

  private final CommandTable table;
  private final ServerCounters counters;

  CommandExecutor(CommandTable table, ServerCounters counters) {
    this.table = table;
    this.counters = counters;
  }

  /**
   * Answers commands from {@code from} on.
   *
   * @param onWorker whether this thread may wait; otherwise it stops in front of the first command
   *     that may
   * @return the first command that is not answered: the batch's size at its end, less when this
   *     thread may not run it, when enough replies have gathered, or when the client said goodbye
   */
  int run(Session session, RequestBatch batch, int from, boolean onWorker, RespEncoder out) {
    Request request = new Request(batch);
    int next = from;
    while (next < batch.commands() && out.size() < YIELD_BYTES && !session.closing()) {
      request.at(next);
      out.protocol(session.protocol());
      Command command = resolve(request);
      if (command != null && command.placement() == Placement.WORKER && !onWorker) {
        break;
      }
      int until = endOfRun(command, session, batch, next);
      if (until > next + 1) {
        next = executeRun(batch, next, until, session, out);
      } else {
        executeOne(command, request.at(next), session, out);
        next++;
      }
    }
    counters.commands.add(next - from);
    return next;
  }

  private @Nullable Command resolve(Request request) {
    Command command = table.find(request.data(), request.offset(0), request.length(0));
    if (command == null || command.subcommands().isEmpty() || request.size() < 2) {
      return command;
    }
    String word = request.length(1) > 32 ? "" : request.text(1).toLowerCase(Locale.ROOT);
    return command.subcommands().get(word);
  }

  /** Returns the end of the run of commands that can share an engine call with this one. */
  private int endOfRun(@Nullable Command command, Session session, RequestBatch batch, int from) {
    Command.RunHandler run = command == null ? null : command.run();
    if (run == null || !session.authenticated()) {
      return from + 1;
    }
    Request request = new Request(batch);
    int until = from;
    while (until < batch.commands()) {
      Command candidate = resolve(request.at(until));
      if (candidate == null
          || !run.equals(candidate.run())
          || !candidate.takes(request.size())
          || !run.accepts(request)) {
        break;
      }
      until++;
    }
    return Math.max(until, from + 1);
  }

  /** Answers some commands of a run together and returns the first that is not answered. */
  private int executeRun(RequestBatch batch, int from, int to, Session session, RespEncoder out) {
    Request request = new Request(batch);
    Command command = Objects.requireNonNull(resolve(request.at(from)));
    long mark = out.size();
    try {
      session.lastCommand(command.name());
      return Objects.requireNonNull(command.run()).execute(batch, from, to, session, out);
    } catch (RuntimeException e) {
      LOG.debug("a run of {} failed, its commands run one by one", command.name(), e);
      out.truncate(mark);
      executeOne(command, request, session, out);
      return from + 1;
    }
  }

  /** Answers one command, with an error if it fails. */
  private void executeOne(
      @Nullable Command command, Request request, Session session, RespEncoder out) {
    long mark = out.size();
    out.beginReply();
    try {
      execute(command, request, session, out);
    } catch (RuntimeException e) {
      out.truncate(mark);
      out.protocol(session.protocol());
      out.error(describe(e, request));
      counters.errors.increment();
    }
  }

  private void execute(
      @Nullable Command command, Request request, Session session, RespEncoder out) {
    if (command == null) {
      throw unknown(request);
    }
    if (!command.takes(request.size())) {
      throw CommandException.wrongArity(command.name());
    }
    if (!session.authenticated() && !command.allowedWithoutAuthentication()) {
      throw new CommandException("NOAUTH Authentication required.");
    }
    session.lastCommand(command.name());
    command.handler().execute(request, session, out);
  }

  private CommandException unknown(Request request) {
    Command parent = table.find(request.data(), request.offset(0), request.length(0));
    if (parent != null) {
      return new CommandException(
          "ERR unknown subcommand '%s'. Try %s HELP."
              .formatted(shown(request, 1), parent.name().toUpperCase(Locale.ROOT)));
    }
    StringBuilder arguments = new StringBuilder();
    for (int i = 1; i < request.size() && arguments.length() < SHOWN_ARGUMENT_BYTES; i++) {
      String text = shown(request, i);
      int room = SHOWN_ARGUMENT_BYTES - arguments.length();
      arguments.append('\'').append(text, 0, Math.min(text.length(), room)).append("' ");
    }
    return new CommandException(
        "ERR unknown command '%s', with args beginning with: %s"
            .formatted(shown(request, 0), arguments));
  }

  /** Returns the beginning of an argument for an error message. */
  private static String shown(Request request, int argument) {
    int length = Math.min(request.length(argument), SHOWN_ARGUMENT_BYTES);
    return new String(request.data(), request.offset(argument), length, StandardCharsets.UTF_8);
  }

  private static String describe(RuntimeException e, Request request) {
    return switch (e) {
      case CommandException expected -> String.valueOf(expected.getMessage());
      case IllegalArgumentException mistake -> "ERR " + mistake.getMessage();
      case StoreFullException full -> "ERR " + full.getMessage();
      case IoFailure failure -> {
        LOG.error("{} failed: {}", shown(request, 0), failure.getMessage());
        yield "IOERR " + failure.getMessage();
      }
      case CorruptionException corruption -> {
        LOG.error("{} met damaged data: {}", shown(request, 0), corruption.getMessage());
        yield "CORRUPT " + corruption.getMessage();
      }
      default -> {
        LOG.error("{} failed unexpectedly", shown(request, 0), e);
        yield "ERR internal error: " + e + "; the server's log has the details";
      }
    };
  }
}
