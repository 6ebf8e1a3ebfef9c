package dev.emberkv.server;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/** Everybody who may give commands; thread-safe. */
final class Users {
  private final Map<String, User> byName = new ConcurrentSkipListMap<>();

  /** Makes the default user. */
  Users(@Nullable String password) {
    put(User.initial(password));
  }

  /** Returns the user that clients are before they say anything else. */
  User defaultUser() {
    return byName.getOrDefault(User.DEFAULT_NAME, User.fresh(User.DEFAULT_NAME));
  }

  @Nullable User get(String name) {
    return byName.get(name);
  }

  void put(User user) {
    byName.put(user.name(), user);
  }

  boolean remove(String name) {
    return byName.remove(name) != null;
  }

  Collection<User> all() {
    return byName.values();
  }

  /** Returns the user of that name if the password is right. */
  User authenticate(String name, String password) {
    User user = byName.get(name);
    // An unknown user takes as long as a known one.
    boolean accepted = (user == null ? User.fresh(name) : user).accepts(password);
    if (user == null || !accepted) {
      throw new CommandException("WRONGPASS invalid username-password pair or user is disabled.");
    }
    return user;
  }
}
