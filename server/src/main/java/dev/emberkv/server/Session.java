package dev.emberkv.server;

/**
 * What a client has agreed on with the server: protocol version, identity, name.
 *
 * <p>Owned by whoever executes the connection's commands at the time; the hand-over between the
 * event loop and a worker orders the accesses.
 */
final class Session {
  private final long id;
  private final String remoteAddress;
  private final String localAddress;
  private final long connectedAtNanos = System.nanoTime();
  private final boolean needsPassword;

  private int protocol = 2;
  private boolean authenticated;
  private boolean closing;
  private String name = "";
  private String libraryName = "";
  private String libraryVersion = "";
  private String lastCommand = "NULL";
  private int readAheadKeys = StringReads.FIRST_BATCH_KEYS;

  Session(long id, String remoteAddress, String localAddress, boolean needsPassword) {
    this.id = id;
    this.remoteAddress = remoteAddress;
    this.localAddress = localAddress;
    this.needsPassword = needsPassword;
    this.authenticated = !needsPassword;
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

  int protocol() {
    return protocol;
  }

  void protocol(int version) {
    protocol = version;
  }

  boolean authenticated() {
    return authenticated;
  }

  void authenticate() {
    authenticated = true;
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

  /**
   * Returns how many keys one engine batch may read for this client, so that values of any size
   * stay within bounds of memory.
   */
  int readAheadKeys() {
    return readAheadKeys;
  }

  void readAheadKeys(int keys) {
    readAheadKeys = keys;
  }

  /** Goes back to the state of a fresh connection; the libraries' names stay, as in Redis. */
  void reset() {
    protocol = 2;
    authenticated = !needsPassword;
    name = "";
  }
}
