package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The bytes on the wire, through a real socket. */
class ProtocolTest {
  @TempDir Path directory;
  private ServerFixture fixture;
  private RawClient client;

  @BeforeEach
  void connect() throws Exception {
    fixture = ServerFixture.inMemory(directory);
    client = fixture.raw();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    fixture.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "*x|invalid multibulk length",
        "*1048577|invalid multibulk length",
        "*1\\r\\n$-5|invalid bulk length",
        "*1\\r\\n+1|expected '$', got '+'",
        "SET \"a|unbalanced quotes in request"
      })
  void aMalformedFrameIsAnsweredAndEndsTheConnection(String frame, String message)
      throws Exception {
    client.send("PING\r\n" + frame.replace("\\r\\n", "\r\n") + "\r\nPING\r\n");

    assertThat(client.rest()).isEqualTo("+PONG\r\n-ERR Protocol error: " + message + "\r\n");
  }

  @Test
  void aLineWithoutEndIsAnsweredAlthoughMoreInputIsOnItsWay() throws Exception {
    client.send("x".repeat(RespDecoder.MAX_INLINE_BYTES + 1));

    assertThat(client.line()).isEqualTo("-ERR Protocol error: too big inline request");
    assertThat(client.rest()).isEmpty();
  }

  @Test
  void inlineCommandsAreUnderstood() throws Exception {
    client.send("SET \"a key\" 'a value'\r\nget \"a\\x20key\"\nPING\r\n");

    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.take(13)).isEqualTo("$7\r\na value\r\n");
    assertThat(client.line()).isEqualTo("+PONG");
  }

  @Test
  void tenThousandPipelinedCommandsInPiecesAreAnsweredInOrder() throws Exception {
    long seed = System.nanoTime();
    System.out.println("ProtocolTest pipeline seed " + seed);
    Random random = new Random(seed);
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 10_000; i++) {
      String key = "key" + random.nextInt(500);
      switch (random.nextInt(5)) {
        case 0 -> {
          requests.writeBytes(RawClient.frame("ECHO", "echo-" + i));
          expected.append("$").append(("echo-" + i).length()).append("\r\necho-").append(i);
          expected.append("\r\n");
        }
        case 1 -> {
          requests.writeBytes(RawClient.frame("NOPE"));
          expected.append("-ERR unknown command 'NOPE', with args beginning with: \r\n");
        }
        case 2 -> {
          requests.writeBytes(RawClient.frame("MSET", key, "m" + i, key + "x", "y"));
          expected.append("+OK\r\n");
          requests.writeBytes(RawClient.frame("MGET", key, "none", key + "x"));
          String value = "m" + i;
          expected.append("*3\r\n$").append(value.length()).append("\r\n").append(value);
          expected.append("\r\n$-1\r\n$1\r\ny\r\n");
        }
        default -> {
          requests.writeBytes(RawClient.frame("SET", key, "v" + i));
          expected.append("+OK\r\n");
          requests.writeBytes(RawClient.frame("GET", key));
          String value = "v" + i;
          expected.append("$").append(value.length()).append("\r\n").append(value).append("\r\n");
        }
      }
    }
    byte[] bytes = requests.toByteArray();
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              try {
                int at = 0;
                while (at < bytes.length) {
                  int piece = Math.min(bytes.length - at, 1 + random.nextInt(3000));
                  client.send(Arrays.copyOfRange(bytes, at, at + piece));
                  at += piece;
                }
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });

    assertThat(client.take(expected.length())).isEqualTo(expected.toString());
    writer.join();
  }

  @Test
  void pipelinedReadsAndWritesBecomeBatchesOfTheEngine() throws Exception {
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    for (int i = 0; i < 100; i++) {
      requests.writeBytes(RawClient.frame("SET", "k" + i, "v" + i));
    }
    for (int i = 0; i < 100; i++) {
      requests.writeBytes(RawClient.frame("GET", "k" + i));
    }
    client.send(requests.toByteArray());

    for (int i = 0; i < 100; i++) {
      assertThat(client.line()).isEqualTo("+OK");
    }
    for (int i = 0; i < 100; i++) {
      assertThat(client.line()).isEqualTo("$" + ("v" + i).length());
      assertThat(client.line()).isEqualTo("v" + i);
    }
    assertThat(fixture.memory().batchReads.get()).isBetween(1, 20);
    assertThat(fixture.memory().batchWrites.get()).isBetween(1, 20);
  }

  @Test
  void oneBadKeyInAPipelineSpoilsOnlyItsOwnReply() throws Exception {
    client.send("SET a 1\r\nGET a\r\nGET rotten:x\r\nGET a\r\nGET broken:x\r\nMGET a a\r\n");

    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.take(7)).isEqualTo("$1\r\n1\r\n");
    assertThat(client.line()).isEqualTo("-CORRUPT segment 3, offset 4096: expected CRC 1, found 2");
    assertThat(client.take(7)).isEqualTo("$1\r\n1\r\n");
    assertThat(client.line()).startsWith("-IOERR read volume-0 at 4096, 4096 bytes: ");
    assertThat(client.take(18)).isEqualTo("*2\r\n$1\r\n1\r\n$1\r\n1\r\n");
  }

  @Test
  void keysAndValuesAreBinarySafe() throws Exception {
    byte[] key = new byte[256];
    byte[] value = new byte[100_000];
    for (int i = 0; i < key.length; i++) {
      key[i] = (byte) i;
    }
    new Random(7).nextBytes(value);
    byte[] set = "SET".getBytes(StandardCharsets.US_ASCII);
    byte[] get = "GET".getBytes(StandardCharsets.US_ASCII);

    client.send(RawClient.frame(set, key, value)).send(RawClient.frame(get, key));

    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("$100000");
    assertThat(client.take(value.length)).isEqualTo(new String(value, StandardCharsets.ISO_8859_1));
  }

  @Test
  void commandsBeforeTheEndOfInputAreAnswered() throws Exception {
    client.send("SET a 1\r\nGET a\r\nPING");
    client.socket.shutdownOutput();

    assertThat(client.rest()).isEqualTo("+OK\r\n$1\r\n1\r\n");
  }

  @Test
  void quitAnswersAndClosesAndWhatFollowsIsNotObeyed() throws Exception {
    client.send("SET a 1\r\nQUIT\r\nSET a 2\r\n");

    assertThat(client.rest()).isEqualTo("+OK\r\n+OK\r\n");
    try (RawClient other = fixture.raw()) {
      other.send("GET a\r\n");
      assertThat(other.take(7)).isEqualTo("$1\r\n1\r\n");
    }
  }

  @Test
  void anHttpRequestIsNotObeyed() throws Exception {
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n");

    assertThat(client.rest()).isEmpty();
    try (RawClient other = fixture.raw()) {
      other.send("EXISTS a\r\n");
      assertThat(other.line()).isEqualTo(":0");
    }
  }

  @Test
  void errorsNameTheCommandAndLeaveTheConnectionOpen() throws Exception {
    client.send(
        "GET\r\nGET a b\r\nfoo bar \"b az\"\r\nCONFIG NOPE\r\nCONFIG\r\nCLIENT SETNAME\r\n");

    assertThat(client.line()).isEqualTo("-ERR wrong number of arguments for 'get' command");
    assertThat(client.line()).isEqualTo("-ERR wrong number of arguments for 'get' command");
    assertThat(client.line())
        .isEqualTo("-ERR unknown command 'foo', with args beginning with: 'bar' 'b az' ");
    assertThat(client.line()).isEqualTo("-ERR unknown subcommand 'NOPE'. Try CONFIG HELP.");
    assertThat(client.line()).isEqualTo("-ERR wrong number of arguments for 'config' command");
    assertThat(client.line())
        .isEqualTo("-ERR wrong number of arguments for 'client|setname' command");
    client.send("PING\r\n");
    assertThat(client.line()).isEqualTo("+PONG");
  }
}
