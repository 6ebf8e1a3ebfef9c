package dev.emberkv.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP for those who watch a server: {@code /metrics} in the format of Prometheus, {@code /healthz}
 * while the process lives, and {@code /readyz} while commands are served. It is there before the
 * store is open, so that a long recovery is told from a dead process.
 *
 * <p>Thread-safe. It has no password: bind it where only those reach it who may.
 */
public final class MetricsEndpoint implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MetricsEndpoint.class);
  private static final int BACKLOG = 64;
  private static final int THREADS = 2;

  private final HttpServer http;
  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(BACKLOG),
          new DefaultThreadFactory("emberkv-metrics", true));
  private volatile @Nullable EmberServer server;

  private MetricsEndpoint(String bind, int port) throws IOException {
    http = HttpServer.create(new InetSocketAddress(bind, port), BACKLOG);
    http.createContext("/", this::answer);
    http.setExecutor(threads);
    http.start();
    LOG.info("metrics on http://{}:{}/metrics", bind, port());
  }

  /**
   * Starts to listen; not ready yet.
   *
   * @param port 0 takes a free one
   * @throws IOException when the address cannot be listened on
   */
  public static MetricsEndpoint start(String bind, int port) throws IOException {
    return new MetricsEndpoint(bind, port);
  }

  /** Returns the port that it listens on. */
  public int port() {
    return http.getAddress().getPort();
  }

  /** Declares that a server takes commands now; its metrics are shown from now on. */
  public void ready(EmberServer served) {
    server = served;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      boolean reads = exchange.getRequestMethod().matches("GET|HEAD");
      EmberServer served = server;
      if (!reads) {
        send(exchange, 405, "text/plain", "only GET\n");
        return;
      }
      switch (exchange.getRequestURI().getPath()) {
        case "/healthz" -> send(exchange, 200, "text/plain", "ok\n");
        case "/readyz" -> {
          boolean ready = served != null && served.isServing();
          send(exchange, ready ? 200 : 503, "text/plain", ready ? "ready\n" : "not ready\n");
        }
        case "/metrics" -> {
          if (served == null || !served.isServing()) {
            send(exchange, 503, "text/plain", "not ready\n");
          } else {
            send(exchange, 200, "text/plain; version=0.0.4", served.metrics());
          }
        }
        default -> send(exchange, 404, "text/plain", "there are /metrics, /healthz and /readyz\n");
      }
    } catch (RuntimeException e) {
      LOG.error("{} could not be answered", exchange.getRequestURI(), e);
      throw e;
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type + "; charset=utf-8");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdown();
  }
}
