package dev.emberkv.server;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** All connections of a server by their numbers; thread-safe. */
final class ClientRegistry {
  /**
   * A connection as others see it.
   *
   * @param session what is known of it
   * @param close ends it; may be called from any thread
   */
  record Client(Session session, Runnable close) {}

  private final Map<Long, Client> byId = new ConcurrentSkipListMap<>();

  void add(Session session, Runnable close) {
    byId.put(session.id(), new Client(session, close));
  }

  void remove(Session session) {
    byId.remove(session.id());
  }

  /** Returns all connections, oldest first. */
  Collection<Client> all() {
    return byId.values();
  }

  /** Makes a changed user the one that its clients are. */
  void update(User user) {
    for (Client client : all()) {
      User current = client.session.user();
      if (current != null && current.name().equals(user.name())) {
        client.session.authenticate(user);
      }
    }
  }

  /** Ends the connections of a user that is gone. */
  void closeAllOf(String userName) {
    for (Client client : all()) {
      User current = client.session.user();
      if (current != null && current.name().equals(userName)) {
        client.close.run();
      }
    }
  }

  /** Ends connections that have been idle for longer than so many seconds. */
  void closeIdle(long seconds) {
    for (Client client : all()) {
      if (client.session.idleSeconds() > seconds) {
        client.close.run();
      }
    }
  }
}
