package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

class AuthenticationTest {
  private static final String WRONG =
      "-WRONGPASS invalid username-password pair or user is disabled.";

  @TempDir Path directory;
  private ServerFixture fixture;
  private RawClient client;

  @BeforeEach
  void connect() throws Exception {
    fixture = ServerFixture.inMemory(directory, ServerFixture.options().withRequirePass("secret"));
    client = fixture.raw();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    fixture.close();
  }

  @Test
  void nothingIsAllowedBeforeThePassword() throws Exception {
    client.send("GET a\r\nPING\r\nEMB.TABLES\r\nCONFIG GET *\r\nINFO\r\nSHUTDOWN\r\n");

    for (int i = 0; i < 6; i++) {
      assertThat(client.line()).isEqualTo("-NOAUTH Authentication required.");
    }
  }

  @Test
  void thePasswordOpensTheConnection() throws Exception {
    client.send("AUTH wrong\r\nAUTH default wrong\r\nAUTH other secret\r\nAUTH a b c\r\n");
    assertThat(client.line()).isEqualTo(WRONG);
    assertThat(client.line()).isEqualTo(WRONG);
    assertThat(client.line()).isEqualTo(WRONG);
    assertThat(client.line()).isEqualTo("-ERR syntax error");

    client.send("PING\r\nAUTH default secret\r\nPING\r\nRESET\r\nPING\r\nAUTH secret\r\nPING\r\n");
    assertThat(client.line()).isEqualTo("-NOAUTH Authentication required.");
    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("+PONG");
    assertThat(client.line()).isEqualTo("+RESET");
    assertThat(client.line()).isEqualTo("-NOAUTH Authentication required.");
    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("+PONG");
  }

  @Test
  void helloNeedsThePasswordAndCanBringIt() throws Exception {
    client.send("HELLO 3\r\n");
    assertThat(client.line()).startsWith("-NOAUTH HELLO must be called with the client already");

    client.send("HELLO 3 AUTH default nope\r\n");
    assertThat(client.line()).isEqualTo(WRONG);

    client.send("HELLO 3 AUTH default secret SETNAME me\r\nCLIENT GETNAME\r\n");
    assertThat(client.line()).isEqualTo("%7");
    String reply =
        client.take(
            "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.0\r\n$5\r\nproto\r\n:3\r\n"
                .length());
    assertThat(reply).endsWith("$5\r\nproto\r\n:3\r\n");
    String line;
    do {
      line = client.line();
    } while (!line.equals("*0"));
    assertThat(client.take(8)).isEqualTo("$2\r\nme\r\n");
  }

  @Test
  void aStrangerCannotMakeTheServerHoldMuchMemory() throws Exception {
    client.send("*11\r\n");
    assertThat(client.rest())
        .isEqualTo("-ERR Protocol error: unauthenticated multibulk length\r\n");

    try (RawClient other = fixture.raw()) {
      other.send("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$16385\r\n");
      assertThat(other.rest()).isEqualTo("-ERR Protocol error: unauthenticated bulk length\r\n");
    }
  }

  @Test
  void theFullLimitsHoldRightBehindThePasswordInOnePipeline() throws Exception {
    String value = "x".repeat(20_000);
    client.send(RawClient.frame("AUTH", "secret")).send(RawClient.frame("SET", "a", value));

    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("+OK");
  }

  @Test
  void withoutAPasswordAuthSaysSo() throws Exception {
    try (ServerFixture open = ServerFixture.inMemory(directory);
        RawClient other = open.raw()) {
      other.send("AUTH secret\r\nAUTH default anything\r\n");
      assertThat(other.line())
          .startsWith("-ERR AUTH <password> called without any password configured");
      assertThat(other.line()).isEqualTo("+OK");
    }
  }

  @Test
  void jedisLogsIn() {
    try (Jedis jedis = fixture.jedis()) {
      assertThat(jedis.auth("secret")).isEqualTo("OK");
      assertThat(jedis.ping()).isEqualTo("PONG");
    }
  }
}
