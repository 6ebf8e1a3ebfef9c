package dev.emberkv.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client: bytes in, commands, replies out, in order.
 *
 * <p><b>Threads.</b> Everything here belongs to the connection's event loop, which decodes a batch
 * of commands and runs those that cannot wait. At the first one that may wait for the device it
 * lends batch and session to a worker, and takes them back when the worker's replies arrive; a
 * connection has at most one batch with a worker, so replies keep their order without a lock, and
 * the queue of the pool is never longer than the number of connections. {@link
 * ExecutorService#execute} and {@link io.netty.channel.EventLoop#execute} order the accesses of
 * both threads. Other connections of the event loop go on meanwhile.
 *
 * <p><b>Bounds.</b> While a worker is at it, at most {@link #MAX_PENDING_BYTES} and one read are
 * taken from the socket; while the client does not take its replies (the channel is not writable),
 * nothing is executed and nothing is read. Replies are written at the latest when {@link
 * CommandExecutor#YIELD_BYTES} have gathered, so an unwilling client holds that, one reply and the
 * channel's high-water mark.
 */
final class Connection extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
  private static final int MAX_BATCH_COMMANDS = 1024;
  private static final int MAX_PENDING_BYTES = 256 << 10;
  private static final int LINGER_SECONDS = 2;

  private final ServerContext context;
  private final CommandExecutor executor;
  private final ExecutorService workers;
  private final Channel channel;
  private final Session session;
  private final RespDecoder decoder;
  private final RequestBatch batch = new RequestBatch();
  private final FastThreadLocal<RespEncoder> encoders;
  private final ArrayDeque<ByteBuf> pending = new ArrayDeque<>();

  private int pendingBytes;

  /** First command of the batch that is not answered. */
  private int next;

  /** A worker has batch and session. */
  private boolean lent;

  /** {@link #pump(List)} is under way. */
  private boolean pumping;

  /** The client will send nothing more. */
  private boolean inputEnded;

  /** The server stops: the commands that have arrived whole are answered, nothing more. */
  private boolean draining;

  /** The last reply is written; what still comes in is thrown away. */
  private boolean finished;

  /** The last reply and the end of the stream are with the kernel. */
  private boolean outputEnded;

  Connection(
      ServerContext context,
      CommandExecutor executor,
      ExecutorService workers,
      FastThreadLocal<RespEncoder> encoders,
      Channel channel,
      Session session) {
    this.context = context;
    this.executor = executor;
    this.workers = workers;
    this.encoders = encoders;
    this.channel = channel;
    this.session = session;
    ServerOptions options = context.options();
    this.decoder =
        new RespDecoder(options.maxBulkBytes(), options.maxRequestBytes(), context.requestMemory());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    context.counters().bytesIn.add(in.readableBytes());
    session.touch();
    if (finished) {
      in.release();
    } else {
      pending.add(in);
      pendingBytes += in.readableBytes();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    pump();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    pump();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      inputEnded = true;
      if (outputEnded) {
        close();
      } else {
        pump();
      }
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    finished = true;
    releasePending();
    if (!lent) {
      decoder.release();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    breakOff(cause);
  }

  private void breakOff(Throwable cause) {
    if (cause instanceof IOException || cause instanceof UncheckedIOException) {
      LOG.debug("connection {} of {} broke: {}", session.id(), session.remoteAddress(), cause);
    } else {
      LOG.error("connection {} of {} fails", session.id(), session.remoteAddress(), cause);
    }
    close();
  }

  /** Answers what has arrived, then closes; may be called from any thread. */
  void drain() {
    channel
        .eventLoop()
        .execute(() -> {
          draining = true;
          pump();
        });
  }

  private void pump() {
    pump(List.of());
  }

  /**
   * Writes the replies and goes on as far as possible: decode, answer, write; then decides whether
   * to read on.
   *
   * <p>Writing and flushing report a change of writability at once, from inside. What is then asked
   * for is left to the call that is under way: it must not come between two parts of its replies.
   */
  private void pump(List<ByteBuf> replies) {
    if (pumping) {
      assert replies.isEmpty() : "a worker's replies arrive while others are being written";
      return;
    }
    pumping = true;
    try {
      write(replies);
      boolean stalled;
      do {
        boolean progress = true;
        while (progress && !lent && !finished) {
          progress = channel.isWritable() && (next < batch.commands() || decode()) && answer();
        }
        stalled = !channel.isWritable();
        channel.flush();
      } while (stalled && !lent && !finished && channel.isWritable());
    } catch (RuntimeException e) {
      breakOff(e);
    } finally {
      pumping = false;
    }
    if (!finished && !inputEnded && channel.isOpen()) {
      boolean wanted = channel.isWritable() && (!lent || pendingBytes < MAX_PENDING_BYTES);
      if (channel.config().isAutoRead() != wanted) {
        channel.config().setAutoRead(wanted);
      }
    }
  }

  /** Fetches the next batch and returns whether it has commands; ends the connection if due. */
  private boolean decode() {
    if (session.closing()) {
      finish();
      return false;
    }
    while (!pending.isEmpty()) {
      ByteBuf in = pending.remove();
      try {
        decoder.append(in, batch);
      } finally {
        in.release();
      }
    }
    pendingBytes = 0;
    next = 0;
    // Before authentication one command at a time, since AUTH changes the limits for what follows.
    int maxCommands = session.authenticated() ? MAX_BATCH_COMMANDS : 1;
    decoder.decode(batch, maxCommands, session.authenticated());
    if (batch.commands() > 0) {
      return true;
    }
    ProtocolException failure = decoder.failure();
    if (failure != null) {
      LOG.info(
          "client {} at {} is disconnected: {}",
          session.id(),
          session.remoteAddress(),
          failure.reply());
      RespEncoder encoder = encoders.get();
      encoder.error(failure.reply());
      write(encoder.drain());
      finish();
    } else if (inputEnded || draining) {
      finish();
    }
    return false;
  }

  /** Runs commands here or lends them to a worker; returns whether to go on at once. */
  private boolean answer() {
    RespEncoder encoder = encoders.get();
    next = executor.run(session, batch, next, false, encoder);
    boolean full = encoder.size() >= CommandExecutor.YIELD_BYTES;
    write(encoder.drain());
    if (session.closing()) {
      finish();
      return false;
    }
    if (next == batch.commands() || full) {
      return true;
    }
    lent = true;
    try {
      workers.execute(this::runOnWorker);
    } catch (RejectedExecutionException e) {
      // The pool closes only after the last connection, so this one has outlived the server.
      lent = false;
      close();
    }
    return false;
  }

  /** Runs commands on a worker's thread, which owns batch and session until it returns. */
  private void runOnWorker() {
    int reached = next;
    List<ByteBuf> replies = List.of();
    Throwable failure = null;
    RespEncoder encoder = encoders.get();
    try {
      context.counters().workerBatches.increment();
      reached = executor.run(session, batch, reached, true, encoder);
      replies = encoder.drain();
    } catch (Throwable e) {
      // Out of memory, most likely: the reply stream has a gap now, so the connection must end.
      failure = e;
      encoder.truncate(0);
    }
    giveBack(reached, replies, failure);
  }

  private void giveBack(int reached, List<ByteBuf> replies, @Nullable Throwable failure) {
    try {
      channel
          .eventLoop()
          .execute(() -> {
            lent = false;
            next = reached;
            if (!channel.isActive()) {
              decoder.release();
            }
            if (failure != null) {
              breakOff(failure);
              return;
            }
            pump(replies);
          });
    } catch (RejectedExecutionException e) {
      LOG.warn("the event loop of client {} is gone; its replies are dropped", session.id());
      replies.forEach(ByteBuf::release);
    }
  }

  private void write(List<ByteBuf> replies) {
    for (ByteBuf part : replies) {
      context.counters().bytesOut.add(part.readableBytes());
      var _ = channel.write(part, channel.voidPromise());
    }
  }

  /**
   * Sends what is written and an end of stream, and closes when the client has done the same, or a
   * little later: closing at once with unread input would reset the connection and could destroy
   * the last reply on its way.
   */
  private void finish() {
    finished = true;
    releasePending();
    if (!inputEnded) {
      channel.config().setAutoRead(true);
    }
    var _ = channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(done -> endOutput());
  }

  private void endOutput() {
    outputEnded = true;
    if (inputEnded || channel.pipeline().get(SslHandler.class) != null) {
      // TLS says goodbye by itself when the channel is closed.
      close();
    } else {
      var _ = ((DuplexChannel) channel).shutdownOutput();
      var _ = channel.eventLoop().schedule(this::close, LINGER_SECONDS, TimeUnit.SECONDS);
    }
  }

  private void close() {
    var _ = channel.close();
  }

  private void releasePending() {
    while (!pending.isEmpty()) {
      pending.remove().release();
    }
    pendingBytes = 0;
  }
}
