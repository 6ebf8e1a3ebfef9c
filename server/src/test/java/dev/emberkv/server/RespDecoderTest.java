package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RespDecoderTest {
  private static final int MAX_BULK = 1 << 20;
  private static final int MAX_REQUEST = 2 << 20;

  private final RequestMemory memory = new RequestMemory(16 << 20);
  private final RespDecoder decoder = new RespDecoder(MAX_BULK, MAX_REQUEST, memory);
  private final RequestBatch batch = new RequestBatch();
  private final List<List<String>> commands = new ArrayList<>();

  @Test
  void decodesAnArrayOfBulkStrings() {
    feed("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nb\0\r\n");

    assertThat(commands).containsExactly(List.of("SET", "k", "a\r\nb\0"));
  }

  @Test
  void decodesSeveralCommandsOfOneRead() {
    feed("*1\r\n$4\r\nPING\r\nECHO hi\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n");

    assertThat(commands)
        .containsExactly(List.of("PING"), List.of("ECHO", "hi"), List.of("GET", ""));
  }

  @Test
  void keepsTheBeginningOfACommandForTheNextRead() {
    feed("*2\r\n$3\r\nGET\r\n$5\r\nab");
    assertThat(commands).isEmpty();

    feed("cde\r\n*1\r\n$4\r\nPI");
    assertThat(commands).containsExactly(List.of("GET", "abcde"));

    feed("NG\r\n");
    assertThat(commands).containsExactly(List.of("GET", "abcde"), List.of("PING"));
  }

  @Test
  void passesOverEmptyCommands() {
    feed("*0\r\n\r\n*-1\r\n   \r\n\nPING\r\n");

    assertThat(commands).containsExactly(List.of("PING"));
  }

  @Test
  void stopsAtTheGivenNumberOfCommands() {
    append("PING\r\nPING\r\nPING\r\n");

    decoder.decode(batch, 2, true);
    assertThat(batch.commands()).isEqualTo(2);
    decoder.decode(batch, 2, true);
    assertThat(batch.commands()).isEqualTo(1);
    decoder.decode(batch, 2, true);
    assertThat(batch.commands()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "*x|invalid multibulk length",
        "*1048577|invalid multibulk length",
        "*99999999999999999999|invalid multibulk length",
        "*+1|invalid multibulk length",
        "*01|invalid multibulk length",
        "*|invalid multibulk length",
        "*-|invalid multibulk length",
        "*-0|invalid multibulk length",
        "* 1|invalid multibulk length",
        "*1\\r\\n$x|invalid bulk length",
        "*1\\r\\n$-1|invalid bulk length",
        "*1\\r\\n$|invalid bulk length",
        "*1\\r\\n$1048577|invalid bulk length",
        "*1\\r\\n:5|expected '$', got ':'",
        "*1\\r\\n*1|expected '$', got '*'",
        "*2\\r\\n$4\\r\\nPING\\r\\nx|expected '$', got 'x'",
        "GET \"a|unbalanced quotes in request",
        "GET 'a|unbalanced quotes in request",
        "GET \"a\"b|unbalanced quotes in request",
        "GET 'a'b|unbalanced quotes in request",
      })
  void answersAMalformedFrameAsRedisDoes(String input, String message) {
    feed(input.replace("\\r\\n", "\r\n") + "\r\n");

    assertThat(failure()).isEqualTo(message);
    assertThat(commands).isEmpty();
  }

  @Test
  void acceptsTheLargestNumbersOfTheProtocol() {
    feed("*1048576\r\n");
    assertThat(failure()).isNull();

    feed("$" + MAX_BULK + "\r\n");
    assertThat(failure()).isNull();
  }

  @Test
  void holdsTighterLimitsBeforeAuthentication() {
    RespDecoder arguments = new RespDecoder(MAX_BULK, MAX_REQUEST, new RequestMemory(64 << 20));
    assertThat(failureOf(arguments, "*10\r\n$16384\r\n", false)).isNull();
    RespDecoder tooMany = new RespDecoder(MAX_BULK, MAX_REQUEST, new RequestMemory(64 << 20));
    assertThat(failureOf(tooMany, "*11\r\n", false)).isEqualTo("unauthenticated multibulk length");
    RespDecoder tooLong = new RespDecoder(MAX_BULK, MAX_REQUEST, new RequestMemory(64 << 20));
    assertThat(failureOf(tooLong, "*1\r\n$16385\r\n", false))
        .isEqualTo("unauthenticated bulk length");
  }

  @ParameterizedTest
  @CsvSource({
    "'',too big inline request",
    "'*',too big mbulk count string",
    "'*1\r\n$',too big bulk count string"
  })
  void boundsALineThatDoesNotEnd(String start, String message) {
    feed(start + "1".repeat(RespDecoder.MAX_INLINE_BYTES - 2));
    assertThat(failure()).isNull();

    feed("111");
    assertThat(failure()).isEqualTo(message);
  }

  @Test
  void boundsACommandOfManyArguments() {
    StringBuilder request = new StringBuilder("*100\r\n");
    for (int i = 0; i < 50; i++) {
      request.append("$60000\r\n").append("x".repeat(60_000)).append("\r\n");
    }
    feed(request.toString());

    assertThat(failure()).isEqualTo("request is longer than " + MAX_REQUEST + " bytes");
  }

  @Test
  void refusesEverythingBehindAMalformedFrame() {
    feed("PING\r\n*x\r\nPING\r\n");
    feed("PING\r\n");

    assertThat(commands).containsExactly(List.of("PING"));
    assertThat(failure()).isEqualTo("invalid multibulk length");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7})
  void looksAtEachByteOnceHoweverSmallThePieces(int piece) {
    // Given a command of many arguments and a long inline one, which cost minutes when every piece
    // makes the decoder start anew.
    StringBuilder request = new StringBuilder("*30000\r\n");
    for (int i = 0; i < 30_000; i++) {
      request.append("$5\r\n").append("%05d".formatted(i)).append("\r\n");
    }
    request.append("ECHO ").append("y".repeat(60_000)).append("\r\n");
    byte[] bytes = request.toString().getBytes(StandardCharsets.ISO_8859_1);
    long start = System.nanoTime();

    for (int at = 0; at < bytes.length; at += piece) {
      feed(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + piece)));
    }

    assertThat(commands).hasSize(2);
    assertThat(commands.getFirst()).hasSize(30_000).endsWith("29999");
    assertThat(commands.getLast().getLast()).hasSize(60_000);
    assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
  }

  @Test
  void givesBackTheMemoryOfALargeCommand() {
    feed("*1\r\n$1000000\r\n" + "x".repeat(999_999));
    assertThat(memory.usedBytes()).isBetween(1_000_000L, 2_100_000L);

    feed("x\r\nPING\r\n");
    assertThat(commands.getFirst().getFirst()).hasSize(1_000_000);
    feed("PING\r\n");
    assertThat(batch.data().length).isLessThan(1024);
    assertThat(memory.usedBytes()).isEqualTo(batch.data().length);

    decoder.release();
    assertThat(memory.usedBytes()).isZero();
  }

  @Test
  void doesNotBelieveAnAnnouncedLength() {
    feed("*1\r\n$1000000\r\nx");

    assertThat(memory.usedBytes()).isLessThan(1024);
  }

  @Test
  void isRefusedWhenOthersHaveTheMemory() {
    assertThat(memory.reserve((16 << 20) - 100_000)).isTrue();

    feed("PING\r\n*1\r\n$200000\r\n" + "x".repeat(150_000));

    ProtocolException failure = Objects.requireNonNull(decoder.failure());
    assertThat(failure.reply()).startsWith("OOM no memory is left for requests: ");
  }

  static Stream<Arguments> inlineCommands() {
    return Stream.of(
        Arguments.of("SET k v", List.of("SET", "k", "v")),
        Arguments.of("  SET \t k   v  ", List.of("SET", "k", "v")),
        Arguments.of("SET \"a b\" 'c d'", List.of("SET", "a b", "c d")),
        Arguments.of("SET \"\" ''", List.of("SET", "", "")),
        Arguments.of("ECHO \"\\x41\\n\\\"\\q\"", List.of("ECHO", "A\n\"q")),
        Arguments.of("ECHO 'it\\'s \\x41'", List.of("ECHO", "it's \\x41")),
        Arguments.of("ECHO \"\\x4\"", List.of("ECHO", "x4")),
        Arguments.of("ECHO a\"b c\"", List.of("ECHO", "ab c")));
  }

  @ParameterizedTest
  @MethodSource("inlineCommands")
  void splitsInlineCommandsAsRedisDoes(String line, List<String> expected) {
    feed(line + "\r\n");

    assertThat(commands).containsExactly(expected);
  }

  private void append(String text) {
    ByteBuf in = Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1));
    decoder.append(in, batch);
  }

  private void feed(String text) {
    feed(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private void feed(byte[] bytes) {
    decoder.append(Unpooled.wrappedBuffer(bytes), batch);
    DecodedCommands.drain(decoder, batch, commands);
  }

  private @Nullable String failure() {
    ProtocolException failure = decoder.failure();
    return failure == null ? null : failure.getMessage();
  }

  private static @Nullable String failureOf(RespDecoder decoder, String text, boolean known) {
    RequestBatch batch = new RequestBatch();
    decoder.append(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1)), batch);
    decoder.decode(batch, 10, known);
    ProtocolException failure = decoder.failure();
    return failure == null ? null : failure.getMessage();
  }
}
