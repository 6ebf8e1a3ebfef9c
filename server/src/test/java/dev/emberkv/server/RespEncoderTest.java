package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespEncoderTest {
  private final RespEncoder encoder = new RespEncoder(PooledByteBufAllocator.DEFAULT, 1 << 20);

  @AfterEach
  void releaseWhatIsLeft() {
    encoder.drain().forEach(ByteBuf::release);
  }

  @Test
  void writesTheTypesOfBothVersions() {
    assertThat(written(2, RespEncoder::nil)).isEqualTo("$-1\r\n");
    assertThat(written(3, RespEncoder::nil)).isEqualTo("_\r\n");
    assertThat(written(2, out -> out.map(2))).isEqualTo("*4\r\n");
    assertThat(written(3, out -> out.map(2))).isEqualTo("%2\r\n");
    assertThat(written(2, out -> out.set(3))).isEqualTo("*3\r\n");
    assertThat(written(3, out -> out.set(3))).isEqualTo("~3\r\n");
    assertThat(written(2, out -> out.bool(true))).isEqualTo(":1\r\n");
    assertThat(written(3, out -> out.bool(false))).isEqualTo("#f\r\n");
    assertThat(written(2, out -> out.real(1.5))).isEqualTo("$3\r\n1.5\r\n");
    assertThat(written(3, out -> out.real(2))).isEqualTo(",2\r\n");
    assertThat(written(3, out -> out.real(Double.NEGATIVE_INFINITY))).isEqualTo(",-inf\r\n");
    assertThat(written(3, out -> out.real(Double.NaN))).isEqualTo(",nan\r\n");
    assertThat(written(2, out -> out.verbatim("ab"))).isEqualTo("$2\r\nab\r\n");
    assertThat(written(3, out -> out.verbatim("ab"))).isEqualTo("=6\r\ntxt:ab\r\n");
    assertThat(written(2, out -> out.array(0))).isEqualTo("*0\r\n");
    assertThat(written(2, RespEncoder::ok)).isEqualTo("+OK\r\n");
    assertThat(written(2, out -> out.bulk(new byte[0]))).isEqualTo("$0\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      longs = {0, 1, 9, 10, 99, 100, -1, -9, -10, 123_456_789, Long.MAX_VALUE, Long.MIN_VALUE})
  void writesIntegers(long value) {
    assertThat(written(2, out -> out.integer(value))).isEqualTo(":" + value + "\r\n");
  }

  @Test
  void keepsAnErrorOnOneLine() {
    assertThat(written(2, out -> out.error("ERR a\r\n+OK\r\n"))).isEqualTo("-ERR a  +OK  \r\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, ReplyBuffer.LARGE_BYTES - 1, ReplyBuffer.LARGE_BYTES, 500_000})
  void letsTheCallerFillABulkString(int length) {
    byte[] value = new byte[length];
    new Random(length).nextBytes(value);

    String reply =
        written(
            2,
            out -> {
              out.integer(6);
              MemorySegment target = out.bulkSegment(length);
              target.copyFrom(MemorySegment.ofArray(value));
              out.endBulkSegment();
              out.integer(7);
            });

    String text = new String(value, StandardCharsets.ISO_8859_1);
    assertThat(reply).isEqualTo(":6\r\n$" + length + "\r\n" + text + "\r\n:7\r\n");
  }

  @Property(tries = 300)
  void whateverIsTakenBackLeavesTheRestAsItWas(@ForAll long seed) {
    Random random = new Random(seed);
    RespEncoder out = new RespEncoder(PooledByteBufAllocator.DEFAULT, 1 << 24);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      out.beginReply();
      byte[] value = new byte[random.nextInt(random.nextInt(5) == 0 ? 60_000 : 300)];
      random.nextBytes(value);
      out.bulk(value);
      expected.append("$").append(value.length).append("\r\n");
      expected.append(new String(value, StandardCharsets.ISO_8859_1)).append("\r\n");
      if (random.nextInt(10) == 0) {
        int mark = random.nextInt(expected.length());
        out.truncate(mark);
        expected.setLength(mark);
      }
      assertThat(out.size()).isEqualTo(expected.length());
    }

    assertThat(drained(out)).isEqualTo(expected.toString());
    assertThat(out.size()).isZero();
  }

  @Test
  void cutsAnErrorThatQuotesTooMuch() {
    String reply = written(2, out -> out.error("ERR no table '" + "x".repeat(5_000_000) + "'"));

    assertThat(reply).startsWith("-ERR no table 'xxx").endsWith("x...\r\n").hasSizeLessThan(600);
  }

  @Test
  void refusesAReplyOverItsBoundAndTakesItBack() {
    encoder.ok();
    long mark = encoder.size();
    encoder.beginReply();
    encoder.bulk(new byte[900_000]);

    assertThatThrownBy(() -> encoder.bulk(new byte[900_000]))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("1048576");
    encoder.truncate(mark);
    encoder.beginReply();
    encoder.bulk(new byte[1_000_000]);
    assertThat(encoder.size()).isGreaterThan(1_000_000);
  }

  @Test
  void countsTheBoundFromTheStartOfEachReply() {
    for (int i = 0; i < 8; i++) {
      encoder.beginReply();
      encoder.bulk(new byte[500_000]);
    }

    assertThat(encoder.size()).isGreaterThan(4_000_000);
  }

  private String written(int version, Consumer<RespEncoder> writer) {
    encoder.protocol(version);
    writer.accept(encoder);
    return drained(encoder);
  }

  private static String drained(RespEncoder encoder) {
    StringBuilder text = new StringBuilder();
    for (ByteBuf part : encoder.drain()) {
      text.append(part.toString(StandardCharsets.ISO_8859_1));
      part.release();
    }
    return text.toString();
  }
}
