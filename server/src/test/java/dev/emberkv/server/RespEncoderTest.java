package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.server.RespEncoder.ReplyTooLargeException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespEncoderTest {
  private final RespEncoder encoder = new RespEncoder(1 << 20);

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

  @Test
  void letsTheCallerFillABulkString() {
    String reply =
        written(
            2,
            out -> {
              MemorySegment target = out.bulkSegment(3);
              out.integer(7);
              target.copyFrom(MemorySegment.ofArray(new byte[] {'a', 'b', 'c'}));
            });

    assertThat(reply).isEqualTo("$3\r\nabc\r\n:7\r\n");
  }

  @Test
  void refusesAReplyOverItsBoundAndTakesItBack() {
    encoder.ok();
    int mark = encoder.size();
    encoder.beginReply();
    encoder.bulk(new byte[900_000]);

    assertThatThrownBy(() -> encoder.bulk(new byte[900_000]))
        .isInstanceOf(ReplyTooLargeException.class)
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
    ByteBuf buffer = Objects.requireNonNull(encoder.drain(UnpooledByteBufAllocator.DEFAULT));
    try {
      return buffer.toString(StandardCharsets.ISO_8859_1);
    } finally {
      buffer.release();
    }
  }
}
