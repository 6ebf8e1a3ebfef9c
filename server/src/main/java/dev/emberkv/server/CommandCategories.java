package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The categories that ACL rules name commands by. */
final class CommandCategories {
  /** All of them. */
  static final List<String> ALL =
      List.of(
          "keyspace",
          "read",
          "write",
          "hash",
          "string",
          "embedding",
          "admin",
          "fast",
          "slow",
          "dangerous",
          "connection",
          "transaction");

  private static final Set<String> DANGEROUS =
      Set.of(
          "flushall",
          "flushdb",
          "keys",
          "swapdb",
          "info",
          "emb.drop",
          "client|kill",
          "client|list");

  private CommandCategories() {}

  /** Returns whether there is a category of that name, with its {@code "@"}. */
  static boolean exists(String name) {
    return ALL.contains(name.substring(1)) || name.equals("@all");
  }

  /** Returns a command's categories, each with its {@code "@"}. */
  static Set<String> of(Command command) {
    Set<String> categories = new TreeSet<>();
    Set<Flag> flags = command.flags();
    if (flags.contains(Flag.WRITE)) {
      categories.add("@write");
    }
    if (flags.contains(Flag.READONLY)) {
      categories.add("@read");
    }
    if (flags.contains(Flag.ADMIN)) {
      categories.add("@admin");
    }
    if (flags.contains(Flag.ADMIN) || DANGEROUS.contains(command.name())) {
      categories.add("@dangerous");
    }
    categories.add(flags.contains(Flag.FAST) ? "@fast" : "@slow");
    switch (command.group()) {
      case "string", "connection", "hash", "embedding" -> categories.add("@" + command.group());
      case "generic" -> categories.add("@keyspace");
      case "transactions" -> categories.add("@transaction");
      default -> {
        // The other groups have no category in Redis.
      }
    }
    return categories;
  }
}
