package dev.emberkv.bench.clients;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * Connections that each send a GET of one of a few keys, wait for the value, and send the next; one
 * thread serves all of them, as {@code redis-benchmark -t get -c N} does.
 *
 * <p>Not thread-safe.
 */
public final class HotGets implements AutoCloseable {
  private static final long LONGEST_NANOS = 60_000_000_000L;

  private final Selector selector = Selector.open();
  private final List<Client> clients = new ArrayList<>();
  private final byte[][] requests;
  private final int replyBytes;
  private final SplittableRandom random;

  /**
   * Writes the keys, then connects.
   *
   * @param connections how many GETs are under way at a time
   * @param keys number of keys, each used as often
   * @param valueBytes length of each value
   */
  public HotGets(InetSocketAddress server, int connections, int keys, int valueBytes, long seed)
      throws IOException {
    this.random = new SplittableRandom(seed);
    this.requests = new byte[keys][];
    String value = "v".repeat(valueBytes);
    this.replyBytes = ("$" + valueBytes + "\r\n").length() + valueBytes + 2;
    try (Caller caller = new Caller(server)) {
      for (int i = 0; i < keys; i++) {
        String key = "neighbor:" + i;
        caller.call("SET", key, value);
        requests[i] = Caller.request("GET", key).getBytes(StandardCharsets.US_ASCII);
      }
    }
    for (int i = 0; i < connections; i++) {
      clients.add(new Client(server));
    }
  }

  /** Sends GETs for a time and returns how long each took, in nanoseconds. */
  public Histogram run(double seconds) throws IOException {
    Histogram latenciesNanos = new Histogram(LONGEST_NANOS, 3);
    long end = System.nanoTime() + (long) (seconds * 1e9);
    int waiting = 0;
    for (Client client : clients) {
      client.send();
      waiting++;
    }
    while (waiting > 0) {
      selector.select();
      var ready = selector.selectedKeys().iterator();
      while (ready.hasNext()) {
        Client client = (Client) ready.next().attachment();
        ready.remove();
        if (client.receive()) {
          long now = System.nanoTime();
          latenciesNanos.recordValue(now - client.sentNanos);
          if (now - end < 0) {
            client.send();
          } else {
            waiting--;
          }
        }
      }
    }
    return latenciesNanos;
  }

  @Override
  public void close() throws IOException {
    for (Client client : clients) {
      client.channel.close();
    }
    selector.close();
  }

  /** One connection, with one request under way. */
  private final class Client {
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocateDirect(replyBytes + 1);
    private final ByteBuffer out = ByteBuffer.allocateDirect(128);
    private long sentNanos;

    Client(InetSocketAddress server) throws IOException {
      channel = SocketChannel.open(server);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ, this);
    }

    void send() throws IOException {
      out.clear().put(requests[random.nextInt(requests.length)]).flip();
      in.clear();
      sentNanos = System.nanoTime();
      int bytes = out.remaining();
      if (channel.write(out) != bytes) {
        throw new IOException("the socket does not take a request of " + bytes + " bytes");
      }
    }

    /** Returns whether the reply is there, all of it. */
    boolean receive() throws IOException {
      if (channel.read(in) < 0) {
        throw new EOFException("the server closed a connection");
      }
      if ((in.position() > 0 && in.get(0) != '$') || in.position() > replyBytes) {
        throw new IOException("not the value: " + Caller.text(in.flip()));
      }
      return in.position() == replyBytes;
    }
  }
}
