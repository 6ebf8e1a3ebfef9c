package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlobPatternTest {
  @ParameterizedTest
  @CsvSource({
    "*, '', true",
    "*, abc, true",
    "a*c, abbbc, true",
    "a*c, abbb, false",
    "a?c, abc, true",
    "a?c, ac, false",
    "h[ae]llo, hello, true",
    "h[ae]llo, hillo, false",
    "h[^e]llo, hallo, true",
    "h[^e]llo, hello, false",
    "h[a-c]llo, hbllo, true",
    "h[c-a]llo, hbllo, true",
    "h[a-c]llo, hdllo, false",
    "h[\\]]llo, h]llo, true",
    "h\\*llo, h*llo, true",
    "h\\*llo, hello, false",
    "max*, maxmemory, true",
    "'', '', true",
    "'', a, false",
    "a, '', false",
    "abc, abcd, false",
    "*a*b*c*, xxaxxbxxcxx, true",
    "*a*b*c*, xxaxxcxxbxx, false",
    "[abc, a, true"
  })
  void matchesAsRedisDoes(String pattern, String text, boolean expected) {
    assertThat(GlobPattern.matches(bytes(pattern), bytes(text))).isEqualTo(expected);
  }

  @Test
  void takesNoExponentialTimeForManyStars() {
    String pattern = "a*".repeat(1000) + "b";

    assertThat(GlobPattern.matches(bytes(pattern), bytes("a".repeat(20_000)))).isFalse();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
