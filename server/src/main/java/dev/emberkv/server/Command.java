package dev.emberkv.server;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A command of the protocol: what it is called, which arguments it takes, where its keys are, and
 * what runs it.
 *
 * @param name in lower case; a subcommand has its parent's name and a bar before it
 * @param arity number of arguments with the name, or minus the least number of them
 * @param flags as in Redis' {@code COMMAND}
 * @param keys which arguments are keys
 * @param group the family that documentation lists it under
 * @param summary one line of documentation
 * @param placement which thread may run it
 * @param tried which requests the event loop tries, of a command that is {@link Placement#HOT}
 * @param handler runs one
 * @param run runs several that stand next to each other in a batch, or null
 * @param stats what was counted of it
 * @param subcommands by their own lower-case names; empty for most
 */
record Command(
    String name,
    int arity,
    Set<Flag> flags,
    Keys keys,
    String group,
    String summary,
    Placement placement,
    Predicate<Request> tried,
    Handler handler,
    @Nullable RunHandler run,
    CommandStats stats,
    Map<String, Command> subcommands) {

  /** Runs one command. */
  @FunctionalInterface
  interface Handler {
    /**
     * Answers the command with exactly one reply.
     *
     * @throws CommandException to answer with an error instead; what was written is taken back
     */
    void execute(Request request, Session session, RespEncoder out);
  }

  /**
   * Runs neighbouring commands of a batch as one call of the engine. All commands with the same
   * handler can share a run.
   */
  interface RunHandler {
    /** Returns whether this command, whose arity is right, can take part. */
    boolean accepts(Request request);

    /**
     * Answers commands {@code [from, to)} of the batch, each with one reply, in order; as many as
     * one call of the engine can do; none if the thread refuses to wait, else at least one.
     *
     * <p>When it throws, what was written is taken back and its commands run one by one, so that
     * each gets the error that is its own; therefore running a command twice must do no harm.
     *
     * @return the first command that is not answered
     */
    int execute(RequestBatch batch, int from, int to, Session session, RespEncoder out);
  }

  /** Where a command may run. */
  enum Placement {
    /** On the event loop: it needs nothing that could wait. */
    EVENT_LOOP,
    /**
     * On the event loop if it need not wait, else on a worker: of the calls that it makes only the
     * last one writes, and that to one key, so it can be given up half-way and run again.
     */
    HOT,
    /** On a worker: it may wait for the device. */
    WORKER,
    /** On a worker, and while no other command is at work on string keys. */
    ALONE
  }

  /** What clients and proxies are told about a command. */
  enum Flag {
    WRITE,
    READONLY,
    DENYOOM,
    ADMIN,
    NOSCRIPT,
    LOADING,
    STALE,
    FAST,
    NO_AUTH,
    /** Refused inside of a transaction. */
    NO_MULTI,
    /** Runs at once inside of a transaction; clients are not told. */
    IMMEDIATE;

    /** Returns the flag as {@code COMMAND} spells it. */
    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Which arguments are keys: every {@code step}-th from first to last; -1 is the last argument.
   */
  record Keys(int first, int last, int step) {
    static final Keys NONE = new Keys(0, 0, 0);
    static final Keys FIRST = new Keys(1, 1, 1);
    static final Keys ALL = new Keys(1, -1, 1);
    static final Keys PAIRS = new Keys(1, -1, 2);

    /** Returns the positions of the keys in a command with so many arguments. */
    int[] positions(int arguments) {
      if (first == 0) {
        return new int[0];
      }
      int end = Math.min(last < 0 ? arguments + last : last, arguments - 1);
      return IntStream.iterate(first, i -> i <= end, i -> i + step).toArray();
    }
  }

  /** Returns whether a client may call it before it has authenticated. */
  boolean allowedWithoutAuthentication() {
    return flags.contains(Flag.NO_AUTH);
  }

  /** Returns whether it takes so many arguments, the name included. */
  boolean takes(int arguments) {
    return arity >= 0 ? arguments == arity : arguments >= -arity;
  }

  /** Starts the definition of a command. */
  static Builder define(String group, String name, int arity, String summary) {
    return new Builder(group, name, arity, summary);
  }

  /** Collects the parts of a definition. */
  static final class Builder {
    private final String group;
    private final String name;
    private final int arity;
    private final String summary;
    private final List<Builder> subcommands = new ArrayList<>();
    private Set<Flag> flags = EnumSet.noneOf(Flag.class);
    private Keys keys = Keys.NONE;
    private Placement placement = Placement.WORKER;
    private Predicate<Request> tried = request -> true;
    private @Nullable Handler handler;
    private @Nullable RunHandler run;

    private Builder(String group, String name, int arity, String summary) {
      this.group = group;
      this.name = name;
      this.arity = arity;
      this.summary = summary;
    }

    Builder flags(Flag first, Flag... more) {
      flags = EnumSet.of(first, more);
      return this;
    }

    Builder keys(Keys positions) {
      keys = positions;
      return this;
    }

    /** Lets the event loop try it first, see {@link Placement#HOT}. */
    Builder hot() {
      placement = Placement.HOT;
      return this;
    }

    /** The same, for some requests, whose number of arguments need not be right. */
    Builder hot(Predicate<Request> which) {
      tried = which;
      return hot();
    }

    /** Keeps all other commands away meanwhile. */
    Builder alone() {
      placement = Placement.ALONE;
      return this;
    }

    Builder onEventLoop() {
      placement = Placement.EVENT_LOOP;
      return this;
    }

    Builder handler(Handler newHandler) {
      handler = newHandler;
      return this;
    }

    Builder run(RunHandler newRun) {
      run = newRun;
      return this;
    }

    Builder subcommand(Builder definition) {
      subcommands.add(definition);
      return this;
    }

    Command build() {
      return build(name);
    }

    private Command build(String fullName) {
      Map<String, Command> built = new LinkedHashMap<>();
      for (Builder definition : subcommands) {
        built.put(definition.name, definition.build(fullName + '|' + definition.name));
      }
      Handler own = handler;
      if (own == null) {
        own =
            (request, session, out) -> {
              throw CommandException.wrongArity(fullName);
            };
      }
      return new Command(
          fullName,
          arity,
          flags,
          keys,
          group,
          summary,
          placement,
          tried,
          own,
          run,
          new CommandStats(),
          Map.copyOf(built));
    }
  }
}
