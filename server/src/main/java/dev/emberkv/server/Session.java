package dev.emberkv.server;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client has agreed on with the server: protocol version, identity, name, database,
 * transaction.
 *
 * <p>Owned by whoever executes the connection's commands at the time; the hand-over between the
 * event loop and a worker orders the accesses. Other connections read what CLIENT LIST shows, in
 * volatile fields.
 */
final class Session {
  /** Which replies the client wants. */
  enum Replies {
    ON,
    OFF,
    /** All but that to the next command. */
    SKIP_NEXT
  }

  private final long id;
  private final String remoteAddress;
  private final String localAddress;
  private final long connectedAtNanos = System.nanoTime();
  private final User defaultUser;

  private volatile int protocol = 2;
  private volatile @Nullable User user;
  private volatile boolean closing;
  private volatile String name = "";
  private volatile String libraryName = "";
  private volatile String libraryVersion = "";
  private volatile String lastCommand = "NULL";
  private volatile long lastActiveNanos = System.nanoTime();
  private volatile int database;
  private volatile @Nullable Transaction transaction;
  private volatile boolean evictable = true;
  private List<WatchedKey> watched = List.of();
  private Replies replies = Replies.ON;

  /**
   * Makes the session of a new connection; the default user is in at once if it has no password.
   */
  Session(long id, String remoteAddress, String localAddress, User defaultUser) {
    this.id = id;
    this.remoteAddress = remoteAddress;
    this.localAddress = localAddress;
    this.defaultUser = defaultUser;
    this.user = initialUser();
  }

  private @Nullable User initialUser() {
    return defaultUser.isOpen() ? defaultUser : null;
  }

  long id() {
    return id;
  }

  String remoteAddress() {
    return remoteAddress;
  }

  String localAddress() {
    return localAddress;
  }

  long ageSeconds() {
    return (System.nanoTime() - connectedAtNanos) / 1_000_000_000;
  }

  /** Returns how long ago the client sent something. */
  long idleSeconds() {
    return (System.nanoTime() - lastActiveNanos) / 1_000_000_000;
  }

  void touch() {
    lastActiveNanos = System.nanoTime();
  }

  int protocol() {
    return protocol;
  }

  void protocol(int version) {
    protocol = version;
  }

  boolean authenticated() {
    return user != null;
  }

  /** Returns who the client is, or null before it has said so. */
  @Nullable User user() {
    return user;
  }

  void authenticate(User newUser) {
    user = newUser;
  }

  /** Returns whether the connection closes once the replies so far are written. */
  boolean closing() {
    return closing;
  }

  void closeAfterReply() {
    closing = true;
  }

  String name() {
    return name;
  }

  void name(String newName) {
    name = newName;
  }

  String libraryName() {
    return libraryName;
  }

  void libraryName(String newName) {
    libraryName = newName;
  }

  String libraryVersion() {
    return libraryVersion;
  }

  void libraryVersion(String newVersion) {
    libraryVersion = newVersion;
  }

  String lastCommand() {
    return lastCommand;
  }

  void lastCommand(String fullName) {
    lastCommand = fullName;
  }

  /** Returns the number of the selected database. */
  int database() {
    return database;
  }

  void database(int number) {
    database = number;
  }

  boolean evictable() {
    return evictable;
  }

  void evictable(boolean yes) {
    evictable = yes;
  }

  /** Returns the commands queued since MULTI, or null outside of a transaction. */
  @Nullable Transaction transaction() {
    return transaction;
  }

  void begin(Transaction begun) {
    transaction = begun;
  }

  /** Ends the transaction and forgets the watched keys. */
  void endTransaction() {
    transaction = null;
    watched = List.of();
  }

  List<WatchedKey> watched() {
    return watched;
  }

  void watch(List<WatchedKey> more) {
    List<WatchedKey> all = new ArrayList<>(watched);
    all.addAll(more);
    watched = all;
  }

  void unwatch() {
    watched = List.of();
  }

  Replies replies() {
    return replies;
  }

  void replies(Replies wanted) {
    replies = wanted;
  }

  /** Goes back to the state of a fresh connection; the libraries' names stay, as in Redis. */
  void reset() {
    protocol = 2;
    user = initialUser();
    name = "";
    database = 0;
    replies = Replies.ON;
    evictable = true;
    endTransaction();
  }
}
