package dev.emberkv.bench;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.server.EmberServer;
import dev.emberkv.server.MetricsEndpoint;
import dev.emberkv.server.ServerOptions;
import dev.emberkv.server.TlsOptions;
import dev.emberkv.server.TlsOptions.ClientCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv serve}: a store behind a port that speaks RESP, until a signal or SHUTDOWN. */
@Command(name = "serve", description = "Serve a store to RESP clients such as redis-cli.")
final class ServeCommand implements Callable<Integer> {
  /** Where a store is kept when nothing else is said. */
  static final Path DEFAULT_DATA = Path.of("emberkv-data");

  /** How long a signal waits for the last rows to be written before the process ends anyway. */
  private static final long SHUTDOWN_SECONDS = 60;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where the store keeps its files (default ${DEFAULT-VALUE}).")
  private Path data = DEFAULT_DATA;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "TCP port; 0 takes a free one (default ${DEFAULT-VALUE}).")
  private int port = ServerOptions.DEFAULT_PORT;

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      description = "Address to listen on (default ${DEFAULT-VALUE}).")
  private String bind = "127.0.0.1";

  @Option(
      names = "--requirepass",
      paramLabel = "PASSWORD",
      description = "Password that clients give with AUTH (default: none).")
  private @Nullable String password;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "Closes connections that are idle for so long; 0 for never (default).")
  private int idleSeconds;

  @Option(
      names = "--maxclients",
      paramLabel = "N",
      description = "The most connections at a time (default 10000).")
  private @Nullable Integer maxClients;

  @Option(
      names = "--io-threads",
      paramLabel = "N",
      description = "Threads that read, decode and answer (default: one per processor).")
  private @Nullable Integer ioThreads;

  @Option(
      names = "--metrics-port",
      paramLabel = "PORT",
      description =
          "HTTP port of /metrics, /healthz and /readyz, on the same address (default: none).")
  private @Nullable Integer metricsPort;

  @Option(
      names = "--log-format",
      paramLabel = "text|json",
      description =
          "Log lines for people, or one JSON object a line; both to standard error (default text).")
  private LogSetup.Format logFormat = LogSetup.Format.TEXT;

  @Option(
      names = "--tls-cert-file",
      paramLabel = "FILE",
      description = "Certificate in PEM; the port speaks TLS then (default: none).")
  private @Nullable Path tlsCertificate;

  @Option(
      names = "--tls-key-file",
      paramLabel = "FILE",
      description = "Private key of the certificate, in PEM and PKCS#8.")
  private @Nullable Path tlsKey;

  @Option(
      names = "--tls-ca-cert-file",
      paramLabel = "FILE",
      description = "Certificates, in PEM, that clients have to have theirs from (default: none).")
  private @Nullable Path tlsAuthority;

  @Mixin private StoreFlags storeFlags = new StoreFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  /** Loads what a store needs, beside the parsing of the arguments. */
  static void preload() {
    preload("preload-store", Store::preload);
  }

  private static void preload(String name, Runnable part) {
    Thread thread = Thread.ofPlatform().name(name).daemon().unstarted(part);
    // What can't be loaded here can't be loaded where it is needed either, and is reported there.
    thread.setUncaughtExceptionHandler((failed, e) -> {});
    thread.start();
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    LogSetup.format(logFormat);
    Logger log = LoggerFactory.getLogger(ServeCommand.class);
    preload("preload-server", EmberServer::preload); // it makes loggers, which have to be set up
    ServerOptions serverOptions = serverOptions();
    StoreOptions storeOptions = storeFlags.options(data);
    CountDownLatch closed = new CountDownLatch(1);
    try (MetricsEndpoint metrics =
            metricsPort == null ? null : MetricsEndpoint.start(bind, metricsPort);
        Store store = Store.open(storeOptions);
        EmberServer server = EmberServer.start(store, serverOptions)) {
      if (metrics != null) {
        metrics.ready(server);
      }
      Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(server, closed), "shutdown"));
      log.info(
          "serving {} on {}:{} with {} of memory, {} I/O",
          data,
          bind,
          server.port(),
          ByteSize.format(storeOptions.memoryBytes()),
          store.stats().ioBackend());
      server.awaitShutdown();
      log.info("shutting down");
    } finally {
      closed.countDown();
    }
    return 0;
  }

  private ServerOptions serverOptions() {
    try {
      ServerOptions options =
          ServerOptions.defaults()
              .withBind(bind)
              .withPort(port)
              .withRequirePass(password)
              .withIdleSeconds(idleSeconds);
      if (maxClients != null) {
        options = options.withMaxClients(maxClients);
      }
      if (ioThreads != null) {
        options = options.withThreads(ioThreads, options.workerThreads());
      }
      return tlsCertificate == null ? options : options.withTls(tls(tlsCertificate));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
    }
  }

  private TlsOptions tls(Path certificate) {
    if (tlsKey == null) {
      throw new ParameterException(
          spec.commandLine(), "--tls-cert-file needs --tls-key-file with its private key");
    }
    return new TlsOptions(
        certificate,
        tlsKey,
        tlsAuthority,
        tlsAuthority == null ? ClientCertificate.NONE : ClientCertificate.REQUIRED);
  }

  /** Runs when a signal came: stops the server, which wakes the owner, and waits for the store. */
  private static void shutDown(EmberServer server, CountDownLatch closed) {
    server.close();
    try {
      if (!closed.await(SHUTDOWN_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("emberkv: the store did not close in " + SHUTDOWN_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
