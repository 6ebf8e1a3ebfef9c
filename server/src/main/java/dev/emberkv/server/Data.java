package dev.emberkv.server;

import dev.emberkv.engine.KeyInfo;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StringEntry;
import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.engine.ValueType;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the commands on keys share: the selected database of a client, and the calls on it that look
 * at types. Thread-safe.
 */
final class Data {
  private final Store store;
  private final ServerCounters counters;

  Data(Store store, ServerCounters counters) {
    this.store = store;
    this.counters = counters;
  }

  Store store() {
    return store;
  }

  /** Returns the database that the client has selected. */
  StringKeyspace of(Session session) {
    return store.strings(session.database());
  }

  /** Counts keys that a command has read. */
  void count(int keys, int hits) {
    counters.keyHits.add(hits);
    counters.keyMisses.add(keys - hits);
  }

  /** Returns a key's value, or null when it is missing. */
  byte @Nullable [] read(Request request, Session session) {
    byte[] value = of(session).get(request.bytes(1));
    count(1, value == null ? 0 : 1);
    return value;
  }

  /**
   * Changes a string; what the function gets and returns is as in {@link StringKeyspace#update}.
   */
  void editString(Request request, Session session, UnaryOperator<@Nullable StringEntry> change) {
    of(session).update(request.bytes(1), seen -> change.apply(requireString(seen)));
  }

  /** Returns the entry if it is a string or missing. */
  static @Nullable StringEntry requireString(@Nullable StringEntry entry) {
    if (entry != null && entry.type() != ValueType.STRING) {
      throw CommandException.wrongType();
    }
    return entry;
  }

  /** Returns the name that TYPE has for a value. */
  static String typeName(@Nullable KeyInfo info) {
    if (info == null) {
      return "none";
    }
    return info.type() == ValueType.STRING ? "string" : "hash";
  }

  /** Refuses a key or value that is over its cap. */
  static void requireSizes(int keyBytes, long valueBytes) {
    if (keyBytes > StringKeyspace.MAX_KEY_BYTES) {
      throw tooLong("key", keyBytes, StringKeyspace.MAX_KEY_BYTES);
    }
    if (valueBytes > StringKeyspace.MAX_VALUE_BYTES) {
      throw tooLong("value", valueBytes, StringKeyspace.MAX_VALUE_BYTES);
    }
  }

  private static CommandException tooLong(String what, long bytes, int limit) {
    return new CommandException(
        "ERR %s has %d bytes, the limit is %d".formatted(what, bytes, limit));
  }
}
