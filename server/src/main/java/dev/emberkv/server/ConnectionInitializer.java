package dev.emberkv.server;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door: admits a new connection or turns it away, and knows all that are open.
 *
 * <p>Thread-safe; Netty calls it on the event loop of each new connection.
 */
@Sharable
final class ConnectionInitializer extends ChannelInitializer<Channel> {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionInitializer.class);
  private static final String TOO_MANY = "-ERR max number of clients reached\r\n";
  private static final String DENIED =
      "-DENIED EmberKV is running in protected mode because protected mode is enabled and no"
          + " password is set for the default user. In this mode connections are only accepted from"
          + " the loopback interface. To connect from other machines, set a password:"
          + " emberkv serve --requirepass PASSWORD ...\r\n";

  private final ServerContext context;
  private final ExecutorService workers;
  private final CommandExecutor executor;
  private final @Nullable SslContext tls;
  private final FastThreadLocal<RespEncoder> encoders;

  /** Closes at once what is added after it was closed itself. */
  private final ChannelGroup open = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE, true);

  ConnectionInitializer(ServerContext context, ExecutorService workers, @Nullable SslContext tls) {
    this.tls = tls;
    this.context = context;
    this.workers = workers;
    this.executor = context.executor();
    int maxReplyBytes = context.options().maxReplyBytes();
    this.encoders =
        new FastThreadLocal<>() {
          @Override
          protected RespEncoder initialValue() {
            return new RespEncoder(ByteBufAllocator.DEFAULT, maxReplyBytes);
          }
        };
  }

  @Override
  protected void initChannel(Channel channel) {
    if (tls != null) {
      channel.pipeline().addLast(tls.newHandler(channel.alloc()));
    }
    ServerCounters counters = context.counters();
    counters.connections.increment();
    ServerOptions options = context.options();
    if (refusesAddress(options, context.users(), channel.remoteAddress())) {
      turnAway(channel, DENIED);
      return;
    }
    if (counters.clients.incrementAndGet() > context.tuning().maxClients()) {
      counters.clients.decrementAndGet();
      turnAway(channel, TOO_MANY);
      return;
    }
    Session session =
        new Session(
            counters.nextClientId(),
            text(channel.remoteAddress()),
            text(channel.localAddress()),
            context.users().defaultUser());
    channel
        .pipeline()
        .addLast(new Connection(context, executor, workers, encoders, channel, session));
    context
        .clients()
        .add(
            session,
            () -> {
              var _ = channel.close();
            });
    channel
        .closeFuture()
        .addListener(done -> {
          context.clients().remove(session);
          counters.clients.decrementAndGet();
        });
    open.add(channel);
  }

  /** Returns whether protected mode turns a client at this address away. */
  static boolean refusesAddress(ServerOptions options, Users users, SocketAddress remote) {
    return options.protectedMode()
        && users.defaultUser().isOpen()
        && remote instanceof InetSocketAddress address
        && !address.getAddress().isLoopbackAddress();
  }

  private void turnAway(Channel channel, String message) {
    context.counters().refusedConnections.increment();
    LOG.debug("turned {} away: {}", channel.remoteAddress(), message.strip());
    channel
        .writeAndFlush(ByteBufUtil.writeAscii(channel.alloc(), message))
        .addListener(ChannelFutureListener.CLOSE);
  }

  /** Answers what has arrived and closes all connections; by force after so many seconds. */
  void drain(int seconds) {
    for (Channel channel : open) {
      Connection connection = channel.pipeline().get(Connection.class);
      if (connection != null) {
        connection.drain();
      }
    }
    if (!open.newCloseFuture().awaitUninterruptibly(seconds, TimeUnit.SECONDS)) {
      LOG.warn("{} clients did not take their replies in {} s", open.size(), seconds);
    }
    open.close().awaitUninterruptibly(seconds, TimeUnit.SECONDS);
  }

  private static String text(SocketAddress address) {
    return address instanceof InetSocketAddress inet
        ? inet.getAddress().getHostAddress() + ":" + inet.getPort()
        : String.valueOf(address);
  }
}
