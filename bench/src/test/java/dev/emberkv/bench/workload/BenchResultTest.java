package dev.emberkv.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class BenchResultTest {
  @Test
  void givenFieldsOfAllKindsWhenWrittenThenIsOneLineOfJson() {
    BenchResult result =
        new BenchResult()
            .put("rate", 12_345_678.9)
            .put("ratio", 0.123456789)
            .put("small", 1.5e-9)
            .put("zero", 0.0)
            .put("count", Long.MAX_VALUE)
            .put("quick", true)
            .put("text", "a \"b\" \\ \n c");

    assertThat(result.toJson())
        .isEqualTo(
            "{\"rate\":12345679,\"ratio\":0.123457,\"small\":1.5E-9,\"zero\":0.0,"
                + "\"count\":9223372036854775807,\"quick\":true,"
                + "\"text\":\"a \\\"b\\\" \\\\ \\u000a c\"}");
  }

  @Test
  void givenNoNumberWhenPutThenIsRefused() {
    assertThatThrownBy(() -> new BenchResult().put("rate", Double.NaN)).hasMessage("rate is NaN");
  }

  @Test
  void givenFieldsWhenShownThenNamesAreAlignedAndSizesReadable() {
    assertThat(new BenchResult().put("rss_bytes", 1L << 30).put("rows", 12_000L).toTable())
        .isEqualTo("rss_bytes  1,073,741,824  (1.0 GiB)\nrows       12,000\n");
  }
}
