package dev.emberkv.server;

import java.util.function.Consumer;
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
   * Workers wait for the device most of the time, and only what waits at once shares one sync or is
   * read at once: so they are many, however few processors there are.
   */
  private static final int LEAST_WORKERS = 32;

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
        Math.max(LEAST_WORKERS, 2 * processors),
        maxRequestBytes,
        maxRequestBytes + (1 << 20),
        Math.clamp(heapBytes / 4, 16 << 20, 256 << 20),
        0,
        null);
  }

  /** Returns a copy with another address to listen on. */
  public ServerOptions withBind(String newBind) {
    return copy(options -> options.bind = newBind);
  }

  /** Returns a copy with another port. */
  public ServerOptions withPort(int newPort) {
    return copy(options -> options.port = newPort);
  }

  /** Returns a copy with a password, or with none when it is null. */
  public ServerOptions withRequirePass(@Nullable String newPassword) {
    return copy(options -> options.requirePass = newPassword);
  }

  /** Returns a copy with protected mode on or off. */
  public ServerOptions withProtectedMode(boolean on) {
    return copy(options -> options.protectedMode = on);
  }

  /** Returns a copy with another bound on connections. */
  public ServerOptions withMaxClients(int newMaxClients) {
    return copy(options -> options.maxClients = newMaxClients);
  }

  /** Returns a copy with other numbers of threads. */
  public ServerOptions withThreads(int newEventLoopThreads, int newWorkerThreads) {
    return copy(options -> {
      options.eventLoopThreads = newEventLoopThreads;
      options.workerThreads = newWorkerThreads;
    });
  }

  /** Returns a copy with other bounds on arguments, commands and replies, in bytes. */
  public ServerOptions withSizeLimits(int newMaxBulk, int newMaxRequest, int newMaxReply) {
    return copy(options -> {
      options.maxBulkBytes = newMaxBulk;
      options.maxRequestBytes = newMaxRequest;
      options.maxReplyBytes = newMaxReply;
    });
  }

  /** Returns a copy that closes connections which have been idle for so many seconds. */
  public ServerOptions withIdleSeconds(int seconds) {
    return copy(options -> options.idleSeconds = seconds);
  }

  /** Returns a copy that speaks TLS. */
  public ServerOptions withTls(TlsOptions newTls) {
    return copy(options -> options.tls = newTls);
  }

  private ServerOptions copy(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.options();
  }

  /** The options while they are changed. */
  private static final class Draft {
    String bind;
    int port;
    @Nullable String requirePass;
    boolean protectedMode;
    int maxClients;
    int eventLoopThreads;
    int workerThreads;
    int maxBulkBytes;
    int maxRequestBytes;
    int maxReplyBytes;
    int idleSeconds;
    @Nullable TlsOptions tls;

    Draft(ServerOptions options) {
      bind = options.bind;
      port = options.port;
      requirePass = options.requirePass;
      protectedMode = options.protectedMode;
      maxClients = options.maxClients;
      eventLoopThreads = options.eventLoopThreads;
      workerThreads = options.workerThreads;
      maxBulkBytes = options.maxBulkBytes;
      maxRequestBytes = options.maxRequestBytes;
      maxReplyBytes = options.maxReplyBytes;
      idleSeconds = options.idleSeconds;
      tls = options.tls;
    }

    ServerOptions options() {
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
          tls);
    }
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
