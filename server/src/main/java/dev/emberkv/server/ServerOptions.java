package dev.emberkv.server;

import org.jspecify.annotations.Nullable;

/**
 * How to serve a store over TCP.
 *
 * @param bind the address to listen on; {@code "0.0.0.0"} or {@code "::"} for all
 * @param port the port to listen on; 0 takes a free one, see {@link EmberServer#port}
 * @param requirePass the password of the default user, or null for none
 * @param protectedMode whether clients of other machines are turned away while there is no password
 * @param maxClients the most connections at a time; one more is told so and closed
 * @param eventLoopThreads threads that read, decode and write
 * @param workerThreads threads that run commands which may wait for the device
 * @param maxBulkBytes the longest argument of a command ({@code proto-max-bulk-len})
 * @param maxRequestBytes the longest command with all its arguments ({@code
 *     client-query-buffer-limit})
 * @param maxReplyBytes the longest reply to one command; a command that would answer more gets an
 *     error
 * @param idleSeconds after how many seconds without a command a connection is closed; 0 for never
 * @param tls how to speak TLS, or null to speak in the clear
 */
public record ServerOptions(
    String bind,
    int port,
    @Nullable String requirePass,
    boolean protectedMode,
    int maxClients,
    int eventLoopThreads,
    int workerThreads,
    int maxBulkBytes,
    int maxRequestBytes,
    int maxReplyBytes,
    int idleSeconds,
    @Nullable TlsOptions tls) {
  /** The port that Redis clients expect. */
  public static final int DEFAULT_PORT = 6379;

  /** Checks the ranges. */
  public ServerOptions {
    if (bind.isBlank()) {
      throw new IllegalArgumentException("bind must name an address");
    }
    requireRange("port", port, 0, 65_535);
    if (requirePass != null && requirePass.isEmpty()) {
      throw new IllegalArgumentException("requirePass must not be empty; null means no password");
    }
    requireRange("maxClients", maxClients, 1, 10_000_000);
    requireRange("eventLoopThreads", eventLoopThreads, 1, 1024);
    requireRange("workerThreads", workerThreads, 1, 4096);
    requireRange("maxBulkBytes", maxBulkBytes, 1 << 20, 1 << 30);
    requireRange("maxRequestBytes", maxRequestBytes, maxBulkBytes, 1 << 30);
    requireRange("maxReplyBytes", maxReplyBytes, 1 << 20, 1 << 30);
    requireRange("idleSeconds", idleSeconds, 0, Integer.MAX_VALUE);
  }

  private static void requireRange(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " must be in " + min + ".." + max + ", not " + value);
    }
  }

  /**
   * Returns the defaults: loopback, port 6379, no password, protected mode, and sizes that go with
   * the heap. Redis takes requests of any size; here one of them may take an eighth of the heap, so
   * that a client's mistake cannot take the whole server down.
   */
  public static ServerOptions defaults() {
    int processors = Runtime.getRuntime().availableProcessors();
    long heapBytes = Runtime.getRuntime().maxMemory();
    int maxRequestBytes = Math.clamp(heapBytes / 8, 16 << 20, 256 << 20);
    return new ServerOptions(
        "127.0.0.1",
        DEFAULT_PORT,
        null,
        true,
        10_000,
        processors,
        Math.max(4, 2 * processors),
        maxRequestBytes,
        maxRequestBytes + (1 << 20),
        Math.clamp(heapBytes / 4, 16 << 20, 256 << 20),
        0,
        null);
  }

  /** Returns a copy with another address to listen on. */
  public ServerOptions withBind(String newBind) {
    return new ServerOptions(
        newBind,
        port,
        requirePass,
        protectedMode,
        maxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        tls);
  }

  /** Returns a copy with another port. */
  public ServerOptions withPort(int newPort) {
    return new ServerOptions(
        bind,
        newPort,
        requirePass,
        protectedMode,
        maxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        tls);
  }

  /** Returns a copy with a password, or with none when it is null. */
  public ServerOptions withRequirePass(@Nullable String newPassword) {
    return new ServerOptions(
        bind,
        port,
        newPassword,
        protectedMode,
        maxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        tls);
  }

  /** Returns a copy with protected mode on or off. */
  public ServerOptions withProtectedMode(boolean on) {
    return new ServerOptions(
        bind,
        port,
        requirePass,
        on,
        maxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        tls);
  }

  /** Returns a copy with another bound on connections. */
  public ServerOptions withMaxClients(int newMaxClients) {
    return new ServerOptions(
        bind,
        port,
        requirePass,
        protectedMode,
        newMaxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        tls);
  }

  /** Returns a copy with other numbers of threads. */
  public ServerOptions withThreads(int newEventLoopThreads, int newWorkerThreads) {
    return new ServerOptions(
        bind,
        port,
        requirePass,
        protectedMode,
        maxClients,
        newEventLoopThreads,
        newWorkerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        tls);
  }

  /** Returns a copy with other bounds on arguments, commands and replies, in bytes. */
  public ServerOptions withSizeLimits(int newMaxBulk, int newMaxRequest, int newMaxReply) {
    return new ServerOptions(
        bind,
        port,
        requirePass,
        protectedMode,
        maxClients,
        eventLoopThreads,
        workerThreads,
        newMaxBulk,
        newMaxRequest,
        newMaxReply,
        idleSeconds,
        tls);
  }

  /** Returns a copy that closes connections which have been idle for so many seconds. */
  public ServerOptions withIdleSeconds(int seconds) {
    return new ServerOptions(
        bind,
        port,
        requirePass,
        protectedMode,
        maxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        seconds,
        tls);
  }

  /** Returns a copy that speaks TLS. */
  public ServerOptions withTls(TlsOptions newTls) {
    return new ServerOptions(
        bind,
        port,
        requirePass,
        protectedMode,
        maxClients,
        eventLoopThreads,
        workerThreads,
        maxBulkBytes,
        maxRequestBytes,
        maxReplyBytes,
        idleSeconds,
        newTls);
  }

  /** Describes the options without giving the password away. */
  @Override
  public String toString() {
    return "ServerOptions[%s:%d, password %s, protected mode %s, %d event loops, %d workers]"
        .formatted(
            bind,
            port,
            requirePass == null ? "none" : "set",
            protectedMode ? "on" : "off",
            eventLoopThreads,
            workerThreads);
  }
}
