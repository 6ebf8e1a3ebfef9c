package dev.emberkv.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import redis.clients.jedis.Jedis;

/** A server on a free port with a store of its own, for one test. */
final class ServerFixture implements AutoCloseable {
  final InMemoryStore store;
  final EmberServer server;

  ServerFixture(Path directory, ServerOptions options) throws IOException {
    store = new InMemoryStore(directory);
    server = EmberServer.start(store, options);
  }

  ServerFixture(Path directory) throws IOException {
    this(directory, options());
  }

  static ServerOptions options() {
    return ServerOptions.defaults().withPort(0).withThreads(1, 4);
  }

  Jedis jedis() {
    return new Jedis("127.0.0.1", server.port());
  }

  RawClient raw() throws IOException {
    return new RawClient(new Socket(InetAddress.getLoopbackAddress(), server.port()));
  }

  @Override
  public void close() {
    // A test that failed half-way may have left reads waiting, and closing waits for them.
    store.slowReads.release(1_000);
    server.close();
    store.close();
  }
}
