package dev.emberkv.server;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who may give commands: passwords, commands, keys.
 *
 * <p>Immutable; {@link Users} replaces it by a changed one. Rules are those of ACL SETUSER.
 *
 * @param name what AUTH calls it
 * @param enabled whether it may authenticate
 * @param needsNoPassword whether any password will do
 * @param passwords SHA-256 hashes in hexadecimal
 * @param byDefault whether commands that {@code rules} do not speak of are allowed
 * @param rules commands, subcommands ({@code "config|get"}) and categories ({@code "@read"}), in
 *     the order in which they were set; the last that fits counts
 * @param keyPatterns which keys may be named, with what may be done: {@code "~"}, {@code "%R~"},
 *     {@code "%W~"} and the pattern
 */
record User(
    String name,
    boolean enabled,
    boolean needsNoPassword,
    Set<String> passwords,
    boolean byDefault,
    Map<String, Boolean> rules,
    List<String> keyPatterns) {
  static final String DEFAULT_NAME = "default";

  /** No argument. */
  static final int NONE = -1;

  /** Returns a user as ACL SETUSER makes it: nothing is allowed. */
  static User fresh(String name) {
    return new User(name, false, false, Set.of(), false, Map.of(), List.of());
  }

  /** Returns the default user, who may do everything. */
  static User initial(@Nullable String password) {
    Set<String> passwords = password == null ? Set.of() : Set.of(hash(password));
    return new User(DEFAULT_NAME, true, password == null, passwords, true, Map.of(), List.of("~*"));
  }

  /** Returns whether clients are this user without saying so. */
  boolean isOpen() {
    return enabled && needsNoPassword;
  }

  /** Returns whether there is nothing that it may not do. */
  boolean isUnrestricted() {
    return byDefault && rules.isEmpty() && keyPatterns.contains("~*");
  }

  /** Returns whether a password lets somebody in; takes the same time whatever is wrong with it. */
  boolean accepts(String password) {
    byte[] given = hash(password).getBytes(StandardCharsets.US_ASCII);
    boolean matches = needsNoPassword;
    for (String known : passwords) {
      matches |= MessageDigest.isEqual(known.getBytes(StandardCharsets.US_ASCII), given);
    }
    return matches && enabled;
  }

  /** Returns the SHA-256 hash of a password in hexadecimal. */
  static String hash(String password) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(password.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Refuses a command that the user may not give. */
  void requirePermission(Command command, Request request) {
    if (!mayRun(command)) {
      throw new CommandException(
          "NOPERM this user has no permissions to run the '%s' command".formatted(command.name()));
    }
    if (deniedKey(command, request) != NONE) {
      throw new CommandException(
          "NOPERM this user has no permissions to access one of the keys used as arguments");
    }
  }

  /** Returns the argument that is the first key which the user may not name, or {@link #NONE}. */
  int deniedKey(Command command, Request request) {
    if (!keyPatterns.contains("~*")) {
      for (int i : command.keys().positions(request.size())) {
        if (!mayTouch(request.bytes(i), command)) {
          return i;
        }
      }
    }
    return NONE;
  }

  /** Returns whether the user may give a command, whatever its keys are. */
  boolean mayRun(Command command) {
    boolean allowed = byDefault;
    int bar = command.name().indexOf('|');
    String parent = bar < 0 ? command.name() : command.name().substring(0, bar);
    Set<String> categories = CommandCategories.of(command);
    for (Map.Entry<String, Boolean> rule : rules.entrySet()) {
      String subject = rule.getKey();
      if (subject.startsWith("@")
          ? categories.contains(subject)
          : subject.equals(command.name()) || subject.equals(parent)) {
        allowed = rule.getValue();
      }
    }
    return allowed;
  }

  private boolean mayTouch(byte[] key, Command command) {
    boolean writes = command.flags().contains(Command.Flag.WRITE);
    for (String pattern : keyPatterns) {
      int tilde = pattern.indexOf('~');
      String rights = pattern.substring(0, tilde);
      boolean fits = rights.isEmpty() || rights.contains(writes ? "W" : "R");
      byte[] glob = pattern.substring(tilde + 1).getBytes(StandardCharsets.UTF_8);
      if (fits && GlobPattern.matches(glob, key)) {
        return true;
      }
    }
    return false;
  }

  /** Returns a copy with another rule. */
  User with(String rule) {
    UserRules next = new UserRules(this);
    next.apply(rule);
    return next.build();
  }

  /** Returns the commands part as ACL LIST shows it. */
  String commandRules() {
    StringBuilder text = new StringBuilder(byDefault ? "+@all" : "-@all");
    rules.forEach((subject, allowed) -> text.append(allowed ? " +" : " -").append(subject));
    return text.toString();
  }

  /** Returns the user as ACL LIST shows it. */
  String describe() {
    StringBuilder text = new StringBuilder("user " + name);
    text.append(enabled ? " on" : " off");
    if (needsNoPassword) {
      text.append(" nopass");
    }
    passwords.forEach(password -> text.append(" #").append(password));
    keyPatterns.forEach(pattern -> text.append(' ').append(pattern));
    return text.append(" resetchannels ").append(commandRules()).toString();
  }

  /** Returns mutable copies of the parts, in order. */
  Map<String, Boolean> copyOfRules() {
    return new LinkedHashMap<>(rules);
  }

  /** Returns a mutable copy of the passwords, in order. */
  Set<String> copyOfPasswords() {
    return new LinkedHashSet<>(passwords);
  }
}
