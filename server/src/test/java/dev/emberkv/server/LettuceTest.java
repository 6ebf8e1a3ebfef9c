package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.SetArgs;
import io.lettuce.core.TransactionResult;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import io.lettuce.core.protocol.ProtocolVersion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Another stock client, which multiplexes one connection and answers through futures. */
@SuppressWarnings("NullAway") // Set up before each test.
class LettuceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir private Path directory;
  private ServerFixture fixture;

  @BeforeEach
  void start() throws Exception {
    fixture = ServerFixture.open(directory);
  }

  @AfterEach
  void stop() {
    fixture.close();
  }

  /** A client with one connection. */
  record Client(RedisClient client, StatefulRedisConnection<String, String> connection)
      implements AutoCloseable {
    static Client connect(RedisURI address, ClientOptions options) {
      RedisClient client = RedisClient.create(address);
      client.setOptions(options);
      return new Client(client, client.connect());
    }

    RedisCommands<String, String> sync() {
      return connection.sync();
    }

    @Override
    public void close() {
      connection.close();
      client.shutdown(0, 5, TimeUnit.SECONDS);
    }
  }

  private Client connect(ProtocolVersion version) {
    RedisURI address = RedisURI.create("127.0.0.1", fixture.server.port());
    return Client.connect(address, ClientOptions.builder().protocolVersion(version).build());
  }

  @ParameterizedTest
  @EnumSource(names = {"RESP2", "RESP3"})
  void pipelinedCommandsAreAnsweredInOrder(ProtocolVersion version) {
    try (Client client = connect(version)) {
      RedisAsyncCommands<String, String> async = client.connection().async();
      client.connection().setAutoFlushCommands(false);
      List<RedisFuture<String>> values = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        var _ = async.set("k" + i, "v" + i);
        values.add(async.get("k" + i));
      }
      client.connection().flushCommands();

      assertThat(LettuceFutures.awaitAll(PATIENCE, values.toArray(new RedisFuture<?>[0]))).isTrue();
      for (int i = 0; i < 1000; i++) {
        assertThat(values.get(i).toCompletableFuture().join()).isEqualTo("v" + i);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RESP2", "RESP3"})
  void aTransactionRunsWholeOrNotAtAll(ProtocolVersion version) {
    try (Client client = connect(version);
        Client other = connect(version)) {
      RedisCommands<String, String> commands = client.sync();
      commands.multi();
      commands.set("a", "1");
      commands.incr("a");
      TransactionResult done = commands.exec();
      assertThat(done.wasDiscarded()).isFalse();
      assertThat(done.stream().toList()).containsExactly("OK", 2L);

      commands.watch("a");
      other.sync().set("a", "changed");
      commands.multi();
      commands.set("a", "lost");
      assertThat(commands.exec().wasDiscarded()).isTrue();
      assertThat(commands.get("a")).isEqualTo("changed");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RESP2", "RESP3"})
  void repliesOfAllShapesAreUnderstood(ProtocolVersion version) {
    try (Client client = connect(version)) {
      RedisCommands<String, String> commands = client.sync();
      assertThat(commands.hset("h", Map.of("f", "1", "g", "2"))).isEqualTo(2);
      assertThat(commands.hgetall("h")).isEqualTo(Map.of("f", "1", "g", "2"));
      assertThat(commands.set("s", "v", SetArgs.Builder.ex(100).nx())).isEqualTo("OK");
      assertThat(commands.set("s", "w", SetArgs.Builder.nx())).isNull();
      assertThat(commands.ttl("s")).isBetween(90L, 100L);
      assertThat(commands.incrbyfloat("n", 2.5)).isEqualTo(2.5);
      assertThat(commands.mget("s", "none").getLast().hasValue()).isFalse();
      assertThat(commands.commandInfo("get")).isNotEmpty();
      assertThatThrownBy(() -> commands.incr("h"))
          .isInstanceOf(RedisCommandExecutionException.class)
          .hasMessageStartingWith("WRONGTYPE");

      Set<String> seen = new HashSet<>();
      KeyScanCursor<String> page = commands.scan(ScanArgs.Builder.limit(1));
      seen.addAll(page.getKeys());
      while (!page.isFinished()) {
        page = commands.scan(page);
        seen.addAll(page.getKeys());
      }
      assertThat(seen).containsExactlyInAnyOrder("h", "s", "n");
    }
  }

  /** A command that the client does not know. */
  private record Ember(String text) implements ProtocolKeyword {
    @Override
    public byte[] getBytes() {
      return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"RESP2", "RESP3"})
  void rowsComeAsPackedBytes(ProtocolVersion version) {
    try (Client client = connect(version);
        StatefulRedisConnection<byte[], byte[]> connection =
            client.client().connect(ByteArrayCodec.INSTANCE)) {
      ByteArrayCodec codec = ByteArrayCodec.INSTANCE;
      connection
          .sync()
          .dispatch(
              new Ember("EMB.CREATE"),
              new ValueOutput<>(codec),
              new CommandArgs<>(codec)
                  .add("t")
                  .add("DIM")
                  .add(2)
                  .add("INIT")
                  .add("constant")
                  .add(7));
      ByteBuffer ids =
          ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(1).putLong(-1);
      byte[] rows =
          connection
              .sync()
              .dispatch(
                  new Ember("EMB.LOOKUP"),
                  new ValueOutput<>(codec),
                  new CommandArgs<>(codec).add("t").add(ids.array()));
      ByteBuffer packed = ByteBuffer.wrap(rows).order(ByteOrder.LITTLE_ENDIAN);
      assertThat(rows).hasSize(16);
      assertThat(packed.getFloat(12)).isEqualTo(7f);
      assertThat(client.sync().dispatch(CommandType.PING, new ValueOutput<>(StringCodec.UTF8)))
          .isEqualTo("PONG");
    }
  }
}
