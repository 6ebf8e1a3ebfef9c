package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

final class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "7b, 7",
    "1k, 1000",
    "1kb, 1024",
    "3M, 3000000",
    "3Mb, 3145728",
    "2g, 2000000000",
    "2GB, 2147483648",
    "1tb, 1099511627776"
  })
  void givenRedisUnitsWhenParsedThenAnswersBytes(String text, long bytes) {
    assertThat(ByteSize.parse(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "kb", "1.5gb", "-1", "1 gb", "1pb", "9999999999999gb"})
  void givenAnythingElseWhenParsedThenSaysWhatIsWrong(String text) {
    assertThatThrownBy(() -> ByteSize.parse(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void givenBytesWhenFormattedThenIsShort() {
    assertThat(ByteSize.format(1000)).isEqualTo("1000 B");
    assertThat(ByteSize.format(1536)).isEqualTo("1.5 KiB");
    assertThat(ByteSize.format(5L << 40)).isEqualTo("5.0 TiB");
  }
}
