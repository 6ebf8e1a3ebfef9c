package dev.emberkv.server;

import dev.emberkv.engine.Store;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server that speaks RESP2 and RESP3 for one store.
 *
 * <p>The store stays the caller's: it has to be open until {@link #close} has returned, and the
 * caller closes it afterwards. Thread-safe; several servers can run in one process.
 *
 * <pre>{@code
 * try (Store store = Store.open(StoreOptions.of(directory));
 *     EmberServer server = EmberServer.start(store, ServerOptions.defaults())) {
 *   server.awaitShutdown();
 * }
 * }</pre>
 */
public final class EmberServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmberServer.class);
  private static final int BACKLOG = 511;
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(256 << 10, 1 << 20);
  private static final int DRAIN_SECONDS = 5;

  private final MultiThreadIoEventLoopGroup eventLoops;
  private final ExecutorService workers;
  private final ConnectionInitializer connections;
  private final ServerContext context;
  private final Channel listener;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  private EmberServer(Store store, ServerOptions options) throws IOException {
    boolean epoll = Epoll.isAvailable();
    if (!epoll) {
      LOG.info(
          "native epoll is not available, using NIO: {}", Epoll.unavailabilityCause().toString());
    }
    context = new ServerContext(store, options, this::shutdownSoon);
    workers =
        Executors.newFixedThreadPool(
            options.workerThreads(), new DefaultThreadFactory("emberkv-worker"));
    eventLoops =
        new MultiThreadIoEventLoopGroup(
            options.eventLoopThreads(),
            new EventLoopThreads(store),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    connections = new ConnectionInitializer(context, workers, tlsContext(options));
    Class<? extends ServerChannel> channelType =
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    ChannelFuture bound =
        new ServerBootstrap()
            .group(eventLoops)
            .channel(channelType)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(connections)
            .bind(options.bind(), options.port())
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      stopThreads();
      throw new IOException(
          "cannot listen on " + options.bind() + ":" + options.port(), bound.cause());
    }
    listener = bound.channel();
    context.port(((InetSocketAddress) listener.localAddress()).getPort());
    var _ = eventLoops.scheduleAtFixedRate(this::closeIdle, 1, 1, TimeUnit.SECONDS);
    LOG.info("listening on {}:{} ({})", options.bind(), port(), epoll ? "epoll" : "nio");
  }

  private static @Nullable SslContext tlsContext(ServerOptions options) throws IOException {
    TlsOptions tls = options.tls();
    if (tls == null) {
      return null;
    }
    SslContextBuilder builder =
        SslContextBuilder.forServer(tls.certificate().toFile(), tls.key().toFile())
            .sslProvider(SslProvider.JDK)
            .clientAuth(
                switch (tls.clientCertificate()) {
                  case REQUIRED -> ClientAuth.REQUIRE;
                  case OPTIONAL -> ClientAuth.OPTIONAL;
                  case NONE -> ClientAuth.NONE;
                });
    Path authority = tls.authority();
    if (authority != null) {
      builder.trustManager(authority.toFile());
    }
    return builder.build();
  }

  /**
   * Starts to serve a store.
   *
   * @throws IOException when the address cannot be listened on, or a certificate can't be read
   */
  public static EmberServer start(Store store, ServerOptions options) throws IOException {
    return new EmberServer(store, options);
  }

  /**
   * Loads the network's classes and native library. A program that has other things to do while it
   * starts may call this on a thread of its own; without it, {@link #start} does the same.
   */
  public static void preload() {
    LOG.debug("native epoll {}", Epoll.isAvailable() ? "is loaded" : "is not there");
    ByteBufAllocator.DEFAULT.directBuffer().release();
  }

  /** Returns the port that the server listens on, also when the options asked for any free one. */
  public int port() {
    return context.port();
  }

  /** Returns whether commands are taken: from the start until {@link #close} begins. */
  public boolean isServing() {
    return !closing.get();
  }

  /** Returns what was counted, in the text format of Prometheus. */
  String metrics() {
    return new MetricsReport(context).text();
  }

  /** Waits until the server has stopped, through {@link #close} or a client's SHUTDOWN. */
  public void awaitShutdown() throws InterruptedException {
    closed.await();
  }

  /**
   * Stops: no new connections, the commands that have arrived are answered, then all connections
   * close. When it returns, no call of the store is under way. A second call waits for the first.
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      awaitUninterruptibly(closed);
      return;
    }
    listener.close().awaitUninterruptibly();
    connections.drain(DRAIN_SECONDS);
    stopThreads();
    LOG.info("stopped listening on {}:{}", context.options().bind(), port());
    closed.countDown();
  }

  private void closeIdle() {
    long seconds = context.tuning().idleSeconds();
    if (seconds > 0) {
      context.clients().closeIdle(seconds);
    }
  }

  /** Makes the threads of event loops, which must never wait. */
  private static final class EventLoopThreads extends DefaultThreadFactory {
    private final Store store;

    EventLoopThreads(Store store) {
      super("emberkv-io");
      this.store = store;
    }

    @Override
    public Thread newThread(Runnable work) {
      return super.newThread(() -> {
        store.refuseToWait();
        work.run();
      });
    }
  }

  /** Stops on a thread of its own, since the caller is one of those that have to end. */
  private void shutdownSoon() {
    new Thread(this::close, "emberkv-shutdown").start();
  }

  private void stopThreads() {
    workers.shutdown();
    boolean interrupted = false;
    boolean done = false;
    while (!done) {
      try {
        done = workers.awaitTermination(10, TimeUnit.SECONDS);
        if (!done) {
          LOG.warn("still waiting for commands that are in the engine");
        }
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    eventLoops
        .shutdownGracefully(0, DRAIN_SECONDS, TimeUnit.SECONDS)
        .awaitUninterruptibly(2 * DRAIN_SECONDS, TimeUnit.SECONDS);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
