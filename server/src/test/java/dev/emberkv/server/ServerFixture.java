package dev.emberkv.server;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import redis.clients.jedis.Jedis;

/** A server on a free port with a store of its own, for one test. */
final class ServerFixture implements AutoCloseable {
  static final long MEMORY_BYTES = 64L << 20;

  final Store store;
  final EmberServer server;

  private ServerFixture(Store store, ServerOptions options) throws IOException {
    this.store = store;
    this.server = EmberServer.start(store, options);
  }

  /** Starts a server for a store in that directory. */
  static ServerFixture open(Path directory) throws IOException {
    return open(directory, options());
  }

  /** Starts a server for a store in that directory. */
  static ServerFixture open(Path directory, ServerOptions options) throws IOException {
    StoreOptions storeOptions = StoreOptions.of(directory).withMemoryBytes(MEMORY_BYTES);
    return new ServerFixture(Store.open(storeOptions), options);
  }

  /** Starts a server for a store whose reads the test can make wait or fail. */
  static ServerFixture inMemory(Path directory) throws IOException {
    return inMemory(directory, options());
  }

  /** Starts a server for a store whose reads the test can make wait or fail. */
  static ServerFixture inMemory(Path directory, ServerOptions options) throws IOException {
    return new ServerFixture(new InMemoryStore(directory), options);
  }

  static ServerOptions options() {
    return ServerOptions.defaults().withPort(0).withThreads(1, 4);
  }

  /** Returns the store that the test controls. */
  InMemoryStore memory() {
    return (InMemoryStore) store;
  }

  Jedis jedis() {
    return new Jedis("127.0.0.1", server.port());
  }

  RawClient raw() throws IOException {
    return new RawClient(new Socket(InetAddress.getLoopbackAddress(), server.port()));
  }

  @Override
  public void close() {
    if (store instanceof InMemoryStore memory) {
      // A test that failed half-way may have left reads waiting, and closing waits for them.
      memory.slowReads.release(1_000);
    }
    server.close();
    store.close();
  }
}
