package dev.emberkv.server;

import java.util.Arrays;

/**
 * The commands that a client has queued since MULTI.
 *
 * <p>Not thread-safe; belongs to the session.
 */
final class Transaction {
  private final int maxBytes;
  private final RequestBatch queue = new RequestBatch();
  private byte[] data = new byte[256];
  private int bytes;
  private boolean aborted;

  Transaction(int maxBytes) {
    this.maxBytes = maxBytes;
    queue.rebase(data, 0);
  }

  /** Notes that a command could not be queued, so that none of them will run. */
  void abort() {
    aborted = true;
  }

  boolean isAborted() {
    return aborted;
  }

  /** Queues a copy of a command. */
  void add(Request request) {
    int needed = 0;
    for (int i = 0; i < request.size(); i++) {
      needed = Math.addExact(needed, request.length(i));
    }
    if (needed > maxBytes - bytes) {
      aborted = true;
      throw new CommandException("ERR a transaction has at most " + maxBytes + " bytes");
    }
    if (bytes + needed > data.length) {
      data = Arrays.copyOf(data, Math.max(bytes + needed, 2 * data.length));
      queue.replaceData(data);
    }
    for (int i = 0; i < request.size(); i++) {
      int length = request.length(i);
      System.arraycopy(request.data(), request.offset(i), data, bytes, length);
      queue.addArgument(bytes, length);
      bytes += length;
    }
    queue.endCommand();
  }

  /** Returns the queued commands. */
  RequestBatch queue() {
    return queue;
  }
}
