package dev.emberkv.server;

import dev.emberkv.engine.Store;
import dev.emberkv.server.Command.Flag;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands about checkpoints: SAVE, BGSAVE, LASTSAVE. One checkpoint runs at a time. */
final class CheckpointCommands {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointCommands.class);
  private static final String GROUP = "server";

  private final Store store;
  private final AtomicBoolean underWay = new AtomicBoolean();
  private volatile boolean lastFailed;

  CheckpointCommands(Store store) {
    this.store = store;
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        Command.define(GROUP, "save", 1, "Takes a checkpoint and waits for it.")
            .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.NO_MULTI)
            .handler(this::save)
            .build(),
        Command.define(GROUP, "bgsave", -1, "Takes a checkpoint in the background.")
            .flags(Flag.ADMIN, Flag.NOSCRIPT)
            .handler(this::saveInBackground)
            .build(),
        Command.define(GROUP, "lastsave", 1, "Returns when the last checkpoint was finished.")
            .flags(Flag.LOADING, Flag.STALE)
            .handler(
                (request, session, out) -> out.integer(store.lastCheckpoint().getEpochSecond()))
            .build());
  }

  /** Returns whether a checkpoint that a command asked for is under way. */
  boolean isUnderWay() {
    return underWay.get();
  }

  /** Returns whether the last checkpoint that a command asked for failed. */
  boolean lastFailed() {
    return lastFailed;
  }

  private void save(Request request, Session session, RespEncoder out) {
    begin();
    run();
    out.simple("OK");
  }

  private void saveInBackground(Request request, Session session, RespEncoder out) {
    if (request.size() > 2 || (request.size() == 2 && !request.is(1, "SCHEDULE"))) {
      throw CommandException.syntaxError();
    }
    begin();
    Thread.ofPlatform().name("ember-checkpoint").daemon().start(this::runInBackground);
    out.simple("Background saving started");
  }

  private void begin() {
    if (!underWay.compareAndSet(false, true)) {
      throw new CommandException("ERR Background save already in progress");
    }
  }

  private void runInBackground() {
    try {
      run();
    } catch (RuntimeException e) {
      LOG.error("A checkpoint failed: {}", e.getMessage());
    }
  }

  private void run() {
    boolean done = false;
    try {
      store.checkpoint();
      done = true;
    } finally {
      lastFailed = !done;
      underWay.set(false);
    }
  }
}
