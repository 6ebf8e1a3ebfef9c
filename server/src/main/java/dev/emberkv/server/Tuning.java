package dev.emberkv.server;

import java.io.IOException;

/** The settings that CONFIG SET changes while the server runs; thread-safe. */
final class Tuning {
  private final long clientLimit;
  private volatile long maxClients;
  private volatile long idleSeconds;
  private volatile long latencyMillis;
  private volatile long listpackFields = 512;
  private volatile long listpackBytes = 64;

  /**
   * Takes the settings of the start.
   *
   * @param fileLimit how many connections are possible
   * @throws IOException when none is
   */
  Tuning(ServerOptions options, FileLimit fileLimit) throws IOException {
    clientLimit = fileLimit.connections();
    maxClients = fileLimit.cap(options.maxClients());
    idleSeconds = options.idleSeconds();
  }

  /** Returns the most that {@link #maxClients(long)} can be set to. */
  long clientLimit() {
    return clientLimit;
  }

  long maxClients() {
    return maxClients;
  }

  void maxClients(long count) {
    maxClients = count;
  }

  /** Returns after how many seconds an idle connection is closed; 0 for never. */
  long idleSeconds() {
    return idleSeconds;
  }

  void idleSeconds(long seconds) {
    idleSeconds = seconds;
  }

  /** Returns from how many milliseconds on a command is a latency event; 0 for never. */
  long latencyMillis() {
    return latencyMillis;
  }

  void latencyMillis(long millis) {
    latencyMillis = millis;
  }

  /** Returns up to how many fields OBJECT ENCODING calls a hash a listpack. */
  long listpackFields() {
    return listpackFields;
  }

  void listpackFields(long count) {
    listpackFields = count;
  }

  /** Returns up to which length of a field or value OBJECT ENCODING calls a hash a listpack. */
  long listpackBytes() {
    return listpackBytes;
  }

  void listpackBytes(long bytes) {
    listpackBytes = bytes;
  }
}
