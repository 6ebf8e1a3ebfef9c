package dev.emberkv.peers.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The report of a small run, as a program reads it and as a browser draws it. */
final class ReportTest {
  /** What page.css gives to this store in the light. */
  private static final int EMBER_RED = 0xd9480f;

  @TempDir private static Path folder = Path.of("");
  private static Path out = Path.of("");

  @BeforeAll
  static void run() throws IOException, InterruptedException {
    Path data = Files.createDirectories(folder.resolve("data"));
    out = folder.resolve("out");
    SampleResults.run(data).write(out);
  }

  private static String text(String name) throws IOException {
    return Files.readString(out.resolve(name));
  }

  private static long count(String text, String pattern) {
    return Pattern.compile(pattern).matcher(text).results().count();
  }

  @Test
  void givenARunWhenWrittenThenThePageHasAllChartsAndFetchesNothing() throws IOException {
    String page = text("index.html");

    assertThat(count(page, "data-chart=\"bars\"")).isEqualTo(7 + 6);
    assertThat(count(page, "data-chart=\"latency\"")).isEqualTo(4);
    assertThat(count(page, "data-chart=\"hits\"")).isEqualTo(2);
    assertThat(count(page, "data-chart=\"course\"")).isEqualTo(1);
    assertThat(page).contains("prefers-color-scheme:dark", "name=\"viewport\"", "heap map");
    assertThat(page).contains("The real trace was not run");
    assertThat(page).doesNotContainPattern("(src|href)=|url\\(|@import|https?://|<script|NaN|null");
  }

  @Test
  void givenARunWhenWrittenThenSummaryAndRawFiguresHaveEveryRound() throws IOException {
    assertThat(text("summary.md"))
        .contains("| heap map | single gets, zipf 0.99, DRAM 100 % |")
        .contains("Rows a second, DRAM 25 %:");
    String json = text("raw.json");
    assertThat(json).startsWith("{\"command\":\"./emberkv bench peers --quick\"").endsWith("}\n");
    assertThat(count(json, "\"latency_us\":\\{\"0.0\":")).isEqualTo(7 * 2 + 6);
    assertThat(json)
        .contains("\"random_reads_per_s\":[", "\"recovery_seconds\":", "\"overwrite_course\":[[");
    assertThat(json).doesNotContain("NaN", "Infinity");
  }

  @Test
  void givenABrowserWhenThePageIsDrawnThenBarsAndCurvesAreOnIt()
      throws IOException, InterruptedException {
    Path browser = browser();
    assumeTrue(browser != null, "not run: no chromium is installed to draw the page with");
    Path picture = folder.resolve("page.png");
    List<String> command =
        List.of(
            String.valueOf(browser),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--user-data-dir=" + folder.resolve("profile"),
            "--window-size=1200,6000",
            "--screenshot=" + picture,
            out.resolve("index.html").toUri().toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("browser.log").toFile())
            .start();
    try {
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("the browser is done").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String log = Files.readString(folder.resolve("browser.log"), StandardCharsets.UTF_8);
    assertThat(picture).as(log).exists();

    BufferedImage image = ImageIO.read(picture.toFile());
    List<Integer> rows = new ArrayList<>();
    for (int y = 0; y < image.getHeight(); y++) {
      int colored = 0;
      for (int x = 0; x < image.getWidth(); x++) {
        colored += (image.getRGB(x, y) & 0xffffff) == EMBER_RED ? 1 : 0;
      }
      if (colored >= 30) {
        rows.add(y);
      }
    }
    // A bar is 14 pixels high; those of one row of cards stand beside each other.
    assertThat(rows.size())
        .as("lines of the picture with bars of this store")
        .isGreaterThan(14 * 3);
    assertThat(rows.getLast() - rows.getFirst())
        .as("from the first to the last")
        .isGreaterThan(900);
  }

  private static @org.jspecify.annotations.Nullable Path browser() {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
        Path candidate = Path.of(folder, name);
        if (Files.isExecutable(candidate)) {
          return candidate;
        }
      }
    }
    return null;
  }
}
