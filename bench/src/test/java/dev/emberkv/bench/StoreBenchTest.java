package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The benchmarks of a store, end to end on a small one. */
final class StoreBenchTest {
  private static final List<String> CONTRACT =
      List.of(
          "rows_per_s",
          "hit_ratio",
          "device_reads",
          "device_read_bytes",
          "device_write_bytes",
          "p50_us",
          "p99_us",
          "rss_bytes",
          "index_bytes",
          "rows",
          "seconds");

  @TempDir private Path folder = Path.of("");
  private String data = "";
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void chooseDirectory() {
    data = folder.resolve("data").toString();
  }

  /** Runs a benchmark of 20,000 rows and returns its last line. */
  private String bench(int status, String name, String... more) {
    StringWriter out = new StringWriter();
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    List<String> arguments =
        new ArrayList<>(List.of("bench", name, "--data", data, "--memory", "64mb", "--json"));
    if (!name.equals("load")) {
      arguments.addAll(List.of("--seconds", "0.5", "--warmup", "0.5"));
    }
    arguments.addAll(List.of(more));
    if (!arguments.contains("--rows")) {
      arguments.addAll(List.of("--rows", "20000"));
    }
    assertThat(commandLine.execute(arguments.toArray(new String[0])))
        .as(err.toString())
        .isEqualTo(status);
    return out.toString().lines().reduce("", (first, second) -> second);
  }

  private static double number(String json, String field) {
    Matcher matcher = Pattern.compile("\"" + field + "\":([-+.0-9E]+)[,}]").matcher(json);
    assertThat(matcher.find()).as("%s in %s", field, json).isTrue();
    return Double.parseDouble(matcher.group(1));
  }

  @Test
  void givenNoDataWhenLoadedThenTheRowsAreThereForLaterRuns() {
    // given an empty directory, when
    String load = bench(0, "load", "--threads", "2");
    String lookup = bench(0, "lookup", "--dist", "zipf:0.99", "--batch", "512", "--scan");

    // then
    assertThat(CONTRACT).allSatisfy(field -> assertThat(number(load, field)).isNotNegative());
    assertThat(CONTRACT).allSatisfy(field -> assertThat(number(lookup, field)).isNotNegative());
    assertThat(number(load, "rows")).isEqualTo(20_000);
    assertThat(number(load, "rows_moved")).isEqualTo(20_000);
    assertThat(number(load, "device_write_bytes")).isGreaterThan(20_000 * 256);
    assertThat(number(lookup, "rows")).isEqualTo(20_000);
    assertThat(number(lookup, "limit_rows_per_s")).isPositive();
    assertThat(number(lookup, "ideal_hit_ratio")).isEqualTo(1);
    assertThat(number(lookup, "hot_read_p50_us")).isPositive();
    assertThat(number(lookup, "hit_ratio_before_scan")).isEqualTo(1);
    assertThat(number(lookup, "hit_ratio_10s_after_scan")).isEqualTo(1);
    assertThat(number(lookup, "scan_seconds")).isPositive();
    assertThat(lookup).contains("\"dist\":\"zipf:0.99\"", "\"batch\":512", "\"threads\":1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lookup", "update"})
  void givenSingleKeysAndTwoThreadsWhenMeasuredThenRowsLoadByThemselves(String name) {
    String result = bench(0, name, "--batch", "1", "--threads", "2", "--io", "portable");

    assertThat(number(result, "rows")).isEqualTo(20_000);
    assertThat(number(result, "rows_moved")).isPositive();
    assertThat(result).contains("\"batch\":1,", "\"threads\":2,", "\"io\":\"portable\"");
  }

  @Test
  void givenANearlyFullStoreWhenCompactedThenTellsOfLookupsBesideAndOfSpaceAfterDeletes() {
    String result =
        bench(
            0,
            "compact",
            "--rows",
            "60000",
            "--utilization",
            "0.5",
            "--rounds",
            "1",
            "--lookups",
            "64",
            "--delete",
            "0.5");

    assertThat(number(result, "write_amplification")).isGreaterThan(1);
    assertThat(number(result, "lookup_p99_us_free")).isPositive();
    assertThat(number(result, "segments_cleaned_free")).isZero();
    assertThat(number(result, "lookup_p99_us_cleaning")).isPositive();
    assertThat(number(result, "rows_overwritten_cleaning")).isPositive();
    assertThat(number(result, "rows_deleted")).isBetween(29_000.0, 31_000.0);
    assertThat(number(result, "disk_bytes_after"))
        .isLessThan(1.5 * number(result, "live_bytes_after") + (2 << 20));
  }

  @ParameterizedTest
  @ValueSource(strings = {"as-submitted", "unique", "expanded"})
  void givenTheHostInAGpusPlaceWhenUploadedThenSaysSoAndComparesEveryRow(String layout) {
    String result =
        bench(0, "upload", "--host", "--layout", layout, "--batch", "512", "--dist", "zipf:0.99");

    assertThat(CONTRACT).allSatisfy(field -> assertThat(number(result, field)).isNotNegative());
    for (String rate :
        List.of(
            "rows_per_s",
            "lookup_rows_per_s",
            "gather_rows_per_s",
            "pinned_copy_rows_per_s",
            "limit_rows_per_s",
            "of_limit",
            "of_lookup",
            "upload_bytes_per_s")) {
      assertThat(number(result, rate)).as(rate).isPositive();
    }
    assertThat(number(result, "verified_rows")).isEqualTo(16 * 512);
    assertThat(result)
        .contains(
            "\"target\":\"host memory (no GPU in use)\"",
            "\"gpu\":false",
            "\"layout\":\"" + layout + "\"");
  }

  @Test
  void givenAnOptimizerWhenPushedToThenStandsBesideLookups() {
    for (int run = 0; run < 2; run++) { // the second one finds the tables of the first
      String result = bench(0, "push", "--row-bytes", "128", "--batch", "512");

      assertThat(CONTRACT).allSatisfy(field -> assertThat(number(result, field)).isNotNegative());
      assertThat(number(result, "dim")).isEqualTo(16);
      assertThat(number(result, "rows_per_s")).isPositive();
      assertThat(number(result, "lookup_rows_per_s")).isPositive();
      assertThat(number(result, "of_lookup")).isPositive();
    }
  }

  @Test
  void givenBagsWhenPooledThenStandsBesideLookups() {
    String result = bench(0, "pool", "--batch", "500", "--bag", "32");

    assertThat(CONTRACT).allSatisfy(field -> assertThat(number(result, field)).isNotNegative());
    assertThat(number(result, "bag")).isEqualTo(32);
    assertThat(number(result, "of_lookup")).isPositive();
  }

  @Test
  void givenUpdatesWhenLookedUpAfterwardsThenEveryRowIsStillTheKeysOwn() {
    bench(0, "update", "--batch", "256");

    // a row that is not the key's own fails the run
    bench(0, "lookup", "--batch", "256");
  }

  @Test
  void givenDataOfOtherSettingsWhenLookedUpThenSaysWhatIsThere() {
    bench(0, "load");

    bench(1, "lookup", "--rows", "30000");

    assertThat(err.toString())
        .contains("holds 20000 rows of 256 bytes, not 30000 of 256; give --rows and --row-bytes");
  }

  @Test
  void givenDataWhenLoadedAgainThenIsRefused() {
    bench(0, "load");

    bench(2, "load");

    assertThat(err.toString()).contains("is not empty");
  }
}
