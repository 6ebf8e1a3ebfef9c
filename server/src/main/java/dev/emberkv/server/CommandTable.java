package dev.emberkv.server;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All commands by name, found from the bytes of a request in either case without making a string.
 *
 * <p>Open addressing over a table that is filled once and is at most a quarter full; immutable and
 * so free to share.
 */
final class CommandTable {
  private final byte[][] names;
  private final Command[] commands;
  private final int mask;
  private final TreeMap<String, Command> sorted = new TreeMap<>();

  CommandTable(Collection<Command> all) {
    for (Command command : all) {
      if (sorted.put(command.name(), command) != null) {
        throw new IllegalArgumentException("two commands are called " + command.name());
      }
    }
    int capacity = Integer.highestOneBit(Math.max(4, all.size())) * 8;
    mask = capacity - 1;
    names = new byte[capacity][];
    commands = new Command[capacity];
    for (Command command : sorted.values()) {
      byte[] name = command.name().toUpperCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
      int slot = hash(name, 0, name.length) & mask;
      while (names[slot] != null) {
        slot = (slot + 1) & mask;
      }
      names[slot] = name;
      commands[slot] = command;
    }
  }

  /** Returns all commands by name. */
  Collection<Command> all() {
    return sorted.values();
  }

  /** Returns the command that a request names, or null. */
  @Nullable Command find(byte[] data, int offset, int length) {
    int slot = hash(data, offset, length) & mask;
    while (names[slot] != null) {
      if (matches(names[slot], data, offset, length)) {
        return commands[slot];
      }
      slot = (slot + 1) & mask;
    }
    return null;
  }

  private static boolean matches(byte[] name, byte[] data, int offset, int length) {
    if (name.length != length) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      if (upper(data[offset + i]) != name[i]) {
        return false;
      }
    }
    return true;
  }

  private static int hash(byte[] data, int offset, int length) {
    int hash = length;
    for (int i = 0; i < length; i++) {
      hash = 31 * hash + upper(data[offset + i]);
    }
    return hash ^ (hash >>> 15);
  }

  /** Returns an ASCII letter in upper case, and any other byte as it is. */
  static int upper(byte b) {
    return b >= 'a' && b <= 'z' ? b - 32 : b;
  }
}
