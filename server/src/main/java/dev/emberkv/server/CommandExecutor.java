package dev.emberkv.server;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.engine.WouldWaitException;
import dev.emberkv.engine.WrongTypeException;
import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Placement;
import dev.emberkv.uring.IoFailure;
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
 * log. Thread-safe; batch, session and encoder belong to the calling thread.
 */
final class CommandExecutor {
  /** Replies are handed to the socket at the latest when so many bytes have gathered. */
  static final int YIELD_BYTES = 512 << 10;

  private static final Logger LOG = LoggerFactory.getLogger(CommandExecutor.class);

  private final CommandTable table;
  private final ServerCounters counters;
  private final DataGate gate = new DataGate();
  private final SlowLog slowLog;
  private final LatencyLog latency;

  CommandExecutor(ServerContext context) {
    this.table = context.commands();
    this.counters = context.counters();
    this.slowLog = context.slowLog();
    this.latency = context.latency();
  }

  /**
   * Answers commands from {@code from} on.
   *
   * @param onWorker whether this thread may wait; otherwise it stops in front of the first command
   *     that has to
   * @return the first command that is not answered: the batch's size at its end, less when this
   *     thread may not run it, when enough replies have gathered, or when the client said goodbye
   */
  int run(Session session, RequestBatch batch, int from, boolean onWorker, RespEncoder out) {
    Pass pass = new Pass(session, batch, onWorker, out);
    try {
      int next = pass.run(from);
      counters.commands.add(next - from);
      return next;
    } finally {
      gate.leave(pass.stamp);
    }
  }

  /** Answers all commands of a transaction, each with a reply; the caller is alone. */
  void runAll(Session session, RequestBatch batch, RespEncoder out) {
    Pass pass = new Pass(session, batch, true, out);
    Request request = new Request(batch);
    for (int i = 0; i < batch.commands(); i++) {
      request.at(i);
      var _ = pass.executeOne(resolve(request), request);
    }
  }

  private @Nullable Command resolve(Request request) {
    Command command = table.find(request.data(), request.offset(0), request.length(0));
    if (command == null || command.subcommands().isEmpty() || request.size() < 2) {
      return command;
    }
    String word = request.length(1) > 32 ? "" : request.text(1).toLowerCase(Locale.ROOT);
    return command.subcommands().get(word);
  }

  /** One call of {@link #run}. */
  private final class Pass {
    private final Session session;
    private final RequestBatch batch;
    private final boolean onWorker;
    private final RespEncoder out;
    long stamp;

    Pass(Session session, RequestBatch batch, boolean onWorker, RespEncoder out) {
      this.session = session;
      this.batch = batch;
      this.onWorker = onWorker;
      this.out = out;
    }

    int run(int from) {
      stamp = onWorker ? gate.share() : gate.tryShare();
      Request request = new Request(batch);
      int next = from;
      while (next < batch.commands() && out.size() < YIELD_BYTES && !session.closing()) {
        request.at(next);
        out.protocol(session.protocol());
        Command command = resolve(request);
        if (!mayRun(command, request)) {
          break;
        }
        int until = endOfRun(command, next);
        if (until > next) {
          int reached = executeRun(Objects.requireNonNull(command), next, until);
          if (reached == next) {
            break;
          }
          next = reached;
        } else if (runOne(command, request)) {
          next++;
        } else {
          break;
        }
      }
      return next;
    }

    /** Returns whether this thread may try the command. */
    private boolean mayRun(@Nullable Command command, Request request) {
      if (onWorker || command == null || isQueued(command)) {
        return true;
      }
      return switch (command.placement()) {
        case EVENT_LOOP -> true;
        case HOT -> stamp != DataGate.OUTSIDE && command.tried().test(request);
        case WORKER, ALONE -> false;
      };
    }

    /** Returns whether the command waits for EXEC instead of running now. */
    private boolean isQueued(Command command) {
      return session.transaction() != null && !command.flags().contains(Flag.IMMEDIATE);
    }

    /** Runs one command; alone, if it has to be. */
    private boolean runOne(@Nullable Command command, Request request) {
      if (command == null || command.placement() != Placement.ALONE || isQueued(command)) {
        return answerOne(command, request);
      }
      gate.leave(stamp);
      stamp = gate.enterAlone();
      try {
        return answerOne(command, request);
      } finally {
        gate.leave(stamp);
        stamp = DataGate.OUTSIDE;
        stamp = gate.share();
      }
    }

    /** Runs one command and takes its reply back if the client does not want it. */
    private boolean answerOne(@Nullable Command command, Request request) {
      long mark = out.size();
      Session.Replies before = session.replies();
      boolean answered = executeOne(command, request);
      if (before != Session.Replies.ON && session.replies() != Session.Replies.ON) {
        out.truncate(mark);
      }
      if (answered
          && before == Session.Replies.SKIP_NEXT
          && session.replies() == Session.Replies.SKIP_NEXT) {
        session.replies(Session.Replies.ON);
      }
      return answered;
    }

    /** Returns the end of the run of commands that can share an engine call with this one. */
    private int endOfRun(@Nullable Command command, int from) {
      Command.RunHandler run = command == null ? null : command.run();
      User user = session.user();
      if (run == null
          || user == null
          || !user.isUnrestricted()
          || session.transaction() != null
          || session.replies() != Session.Replies.ON) {
        return from;
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
      return until;
    }

    /** Answers some commands of a run together and returns the first that is not answered. */
    private int executeRun(Command command, int from, int to) {
      long mark = out.size();
      session.lastCommand(command.name());
      long started = System.nanoTime();
      try {
        int reached = Objects.requireNonNull(command.run()).execute(batch, from, to, session, out);
        if (reached > from) {
          count(command, new Request(batch).at(from), started, reached - from);
        }
        return reached;
      } catch (RuntimeException e) {
        LOG.debug("a run of {} failed, its commands run one by one", command.name(), e);
        out.truncate(mark);
        return runOne(command, new Request(batch).at(from)) ? from + 1 : from;
      }
    }

    private void count(Command command, Request request, long startedNanos, int calls) {
      long nanos = System.nanoTime() - startedNanos;
      command.stats().calls.add(calls);
      command.stats().nanos.add(nanos);
      command.stats().times.add(nanos / calls, calls);
      slowLog.consider(request, session, nanos);
      latency.consider(command, nanos);
    }

    /** Answers one command, with an error if it fails; false when this thread can't. */
    boolean executeOne(@Nullable Command command, Request request) {
      long mark = out.size();
      out.beginReply();
      long started = System.nanoTime();
      boolean runs = false;
      try {
        Command accepted = accept(command, request);
        if (isQueued(accepted)) {
          Objects.requireNonNull(session.transaction()).add(request);
          out.simple("QUEUED");
          return true;
        }
        runs = true;
        session.lastCommand(accepted.name());
        accepted.handler().execute(request, session, out);
        count(accepted, request, started, 1);
      } catch (WouldWaitException e) {
        out.truncate(mark);
        if (onWorker) {
          throw new IllegalStateException("a worker may wait", e);
        }
        return false;
      } catch (RuntimeException e) {
        fail(command, request, e, runs, mark);
        if (runs) {
          count(Objects.requireNonNull(command), request, started, 1);
        }
      }
      return true;
    }

    private void fail(
        @Nullable Command command, Request request, RuntimeException e, boolean ran, long mark) {
      out.truncate(mark);
      out.protocol(session.protocol());
      String message = describe(e, request);
      out.error(message);
      counters.error(message);
      if (command != null) {
        (ran ? command.stats().failed : command.stats().rejected).increment();
      }
      Transaction transaction = session.transaction();
      if (!ran && transaction != null) {
        transaction.abort();
      }
    }

    /** Checks what has to be right before a command runs or is queued. */
    private Command accept(@Nullable Command command, Request request) {
      if (command == null) {
        throw ErrorTexts.unknownCommand(
            table.find(request.data(), request.offset(0), request.length(0)), request);
      }
      if (!command.takes(request.size())) {
        throw CommandException.wrongArity(command.name());
      }
      User user = session.user();
      if (!command.allowedWithoutAuthentication()) {
        if (user == null) {
          throw new CommandException("NOAUTH Authentication required.");
        }
        if (!user.isUnrestricted()) {
          user.requirePermission(command, request);
        }
      }
      if (isQueued(command) && command.flags().contains(Flag.NO_MULTI)) {
        throw new CommandException("ERR Command not allowed inside a transaction");
      }
      return command;
    }
  }

  private static String describe(RuntimeException e, Request request) {
    return switch (e) {
      case CommandException expected -> String.valueOf(expected.getMessage());
      case WrongTypeException _ -> CommandException.WRONG_TYPE;
      case IllegalArgumentException mistake -> "ERR " + mistake.getMessage();
      case StoreFullException full -> "ERR " + full.getMessage();
      case IoFailure failure -> {
        LOG.error("{} failed: {}", ErrorTexts.shown(request, 0), failure.getMessage());
        yield "IOERR " + failure.getMessage();
      }
      case CorruptionException corruption -> {
        LOG.error("{} met damaged data: {}", ErrorTexts.shown(request, 0), corruption.getMessage());
        yield "CORRUPT " + corruption.getMessage();
      }
      default -> {
        LOG.error("{} failed unexpectedly", ErrorTexts.shown(request, 0), e);
        yield "ERR internal error: " + e + "; the server's log has the details";
      }
    };
  }
}
