package dev.emberkv.peers.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.emberkv.bench.workload.RowPattern;
import dev.emberkv.peers.run.Peer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** All stores behind the interface: what was written is read, in whatever way. */
final class RowStoreTest {
  private static final int ROWS = 3000;
  private static final RowPattern PATTERN = new RowPattern(96);

  @TempDir private Path folder = Path.of("");

  static Stream<String> stores() {
    return OPENERS.keySet().stream().sorted();
  }

  private static final Map<String, Function<StorePlace, RowStore>> OPENERS =
      Map.of(
          "ember", Stores::ember,
          "rocks", Stores::rocks,
          "rocks with row cache", Stores::rocksWithRowCache,
          "lmdb", Stores::lmdb,
          "mapdb", Stores::mapDb,
          "heap", Stores::heap,
          "ember server", Stores::emberServer,
          "redis", Stores::redis,
          "memcached", Stores::memcached);

  /** What another has to be installed for; the rest is always there. */
  private static void requireInstalled(String name) {
    Map<String, Peer> programs = Map.of("redis", Peer.REDIS, "memcached", Peer.MEMCACHED);
    Peer peer = programs.get(name);
    if (peer != null) {
      assumeTrue(peer.absence().isEmpty(), () -> "not run: " + peer.absence().orElse(""));
    }
  }

  private RowStore open(String name) {
    return Objects.requireNonNull(OPENERS.get(name))
        .apply(new StorePlace(folder.toString(), ROWS, 0, PATTERN.rowBytes(), 64L << 20, true));
  }

  private static void writeAll(RowStore store) {
    RowBuffers buffers = new RowBuffers(1024, PATTERN.rowBytes());
    for (int first = 0; first < ROWS; first += 1024) {
      int count = Math.min(1024, ROWS - first);
      for (int i = 0; i < count; i++) {
        buffers.key(i, first + i);
        PATTERN.fill(first + i, buffers.rows(), buffers.offset(i));
      }
      store.put(buffers, count);
    }
  }

  private static void requireAll(RowStore store) {
    RowBuffers buffers = new RowBuffers(ROWS, PATTERN.rowBytes());
    for (int i = 0; i < ROWS; i++) {
      buffers.key(i, (i * 7919L) % ROWS);
    }
    store.lookup(buffers, ROWS);
    for (int i = 0; i < ROWS; i++) {
      PATTERN.require(buffers.key(i), buffers.rows(), buffers.offset(i));
    }
    for (int key = 0; key < ROWS; key += 17) {
      store.get(key, buffers);
      PATTERN.require(key, buffers.rows(), 0);
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void givenRowsWhenReadSinglyOrInBatchesThenTheyAreTheKeysOwn(String name) {
    requireInstalled(name);
    try (RowStore store = open(name)) {
      // given
      writeAll(store);
      store.settle();

      // when, then
      requireAll(store);
      if (store.splitsReads()) {
        store.readThreads(5);
        requireAll(store);
      }
      RowBuffers one = new RowBuffers(1, PATTERN.rowBytes());
      if (!name.equals("ember server")) { // answers with zeros
        assertThatThrownBy(() -> store.get(ROWS, one)).hasMessageContaining("row " + ROWS);
      }
      assertThat(store.settings()).isNotEmpty();
      assertThat(store.version()).isNotEmpty();
    }
    if (name.equals("heap") || name.equals("memcached")) {
      return;
    }
    try (RowStore again = open(name)) {
      requireAll(again);
      assertThat(again.diskBytes()).isGreaterThan((long) ROWS * PATTERN.rowBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void givenRowsWhenOverwrittenThenTheLastStays(String name) {
    requireInstalled(name);
    try (RowStore store = open(name)) {
      writeAll(store);
      RowBuffers one = new RowBuffers(1, PATTERN.rowBytes());
      one.key(0, 5);
      PATTERN.fill(99, one.rows(), 0);
      store.put(one, 1);
      one.rows().fill((byte) 0);
      store.get(5, one);
      PATTERN.require(99, one.rows(), 0);
    }
  }
}
