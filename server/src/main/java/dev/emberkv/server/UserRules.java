package dev.emberkv.server;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Changes a {@link User} rule by rule, as ACL SETUSER gives them. Not thread-safe. */
final class UserRules {
  private final String name;
  private boolean enabled;
  private boolean needsNoPassword;
  private final Set<String> passwords;
  private boolean byDefault;
  private final Map<String, Boolean> rules;
  private final List<String> keyPatterns;

  UserRules(User user) {
    name = user.name();
    enabled = user.enabled();
    needsNoPassword = user.needsNoPassword();
    passwords = user.copyOfPasswords();
    byDefault = user.byDefault();
    rules = user.copyOfRules();
    keyPatterns = new ArrayList<>(user.keyPatterns());
  }

  User build() {
    return new User(
        name,
        enabled,
        needsNoPassword,
        Collections.unmodifiableSet(passwords),
        byDefault,
        Collections.unmodifiableMap(rules),
        List.copyOf(keyPatterns));
  }

  void apply(String rule) {
    switch (rule.toLowerCase(Locale.ROOT)) {
      case "on" -> enabled = true;
      case "off" -> enabled = false;
      case "nopass" -> {
        needsNoPassword = true;
        passwords.clear();
      }
      case "resetpass" -> {
        needsNoPassword = false;
        passwords.clear();
      }
      case "allkeys", "~*" -> {
        keyPatterns.clear();
        keyPatterns.add("~*");
      }
      case "resetkeys" -> keyPatterns.clear();
      case "allcommands", "+@all" -> allow(true);
      case "nocommands", "-@all" -> allow(false);
      case "allchannels", "resetchannels", "&*", "sanitize-payload", "skip-sanitize-payload" -> {
        // There are no channels and no payloads to sanitize.
      }
      case "reset" -> {
        enabled = false;
        needsNoPassword = false;
        passwords.clear();
        keyPatterns.clear();
        allow(false);
      }
      default -> applyPrefixed(rule);
    }
  }

  private void allow(boolean all) {
    byDefault = all;
    rules.clear();
  }

  private void applyPrefixed(String rule) {
    String rest = rule.isEmpty() ? "" : rule.substring(1);
    char first = rule.isEmpty() ? ' ' : rule.charAt(0);
    switch (first) {
      case '>' -> addPassword(User.hash(rest));
      case '#' -> addPassword(checkedHash(rest, rule));
      case '<' -> removePassword(User.hash(rest), rule);
      case '!' -> removePassword(checkedHash(rest, rule), rule);
      case '~' -> addPattern(rule);
      case '%' -> {
        if (!rule.matches("(?i)%(R|W|RW|WR)~.*")) {
          throw error(rule, "Syntax error");
        }
        int tilde = rule.indexOf('~');
        String rights = rule.substring(1, tilde).toUpperCase(Locale.ROOT);
        String pattern = rule.substring(tilde);
        addPattern(rights.length() == 2 ? pattern : "%" + rights + pattern);
      }
      case '+', '-' -> {
        String subject = rest.toLowerCase(Locale.ROOT);
        if (subject.startsWith("@") && !CommandCategories.exists(subject)) {
          throw error(rule, "Unknown command or category name in ACL");
        }
        rules.remove(subject);
        rules.put(subject, first == '+');
      }
      case '&' -> {
        // A pattern of channels, of which there are none.
      }
      default -> throw error(rule, "Syntax error");
    }
  }

  private void addPassword(String hash) {
    passwords.add(hash);
    needsNoPassword = false;
  }

  private void removePassword(String hash, String rule) {
    if (!passwords.remove(hash)) {
      throw error(rule, "The password you are trying to remove from the user does not exist");
    }
  }

  private static String checkedHash(String hash, String rule) {
    if (!hash.matches("[0-9a-f]{64}")) {
      throw error(
          rule,
          "The password hash must be exactly 64 characters and contain only lowercase"
              + " hexadecimal characters");
    }
    return hash;
  }

  private void addPattern(String pattern) {
    if (keyPatterns.contains("~*")) {
      throw error(
          pattern,
          "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not"
              + " have any effect. Try 'resetkeys' to start with an empty list of patterns");
    }
    if (!keyPatterns.contains(pattern)) {
      keyPatterns.add(pattern);
    }
  }

  private static CommandException error(String rule, String what) {
    return new CommandException("ERR Error in ACL SETUSER modifier '" + rule + "': " + what);
  }
}
