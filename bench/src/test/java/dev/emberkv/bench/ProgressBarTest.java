package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ProgressBarTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  private String drawn() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void givenNoTerminalWhenStepsCloseTogetherThenOnlyTheEndIsALine() {
    try (ProgressBar bar = ProgressBar.startOn(out, false, "load", "rows", 100)) {
      for (int i = 0; i < 50; i++) {
        bar.step(1);
      }
      bar.note("half");
    }
    assertThat(drawn())
        .startsWith("load     [===============               ]  50%  ")
        .containsPattern(" s, \\d+ s left")
        .contains("half");
    assertThat(drawn().lines()).hasSize(1);
  }

  @Test
  void givenATerminalWhenDrawnThenTheLineIsRedrawnInPlaceAndEndsOnce() throws InterruptedException {
    try (ProgressBar bar = ProgressBar.startOn(out, true, "load", "rows", 10)) {
      bar.step(5);
      Thread.sleep(250);
      bar.step(20); // more than announced
    }
    assertThat(drawn()).startsWith("\r").contains("100%").doesNotContain("250%").endsWith("\n");
    assertThat(drawn().chars().filter(c -> c == '\n').count()).isEqualTo(1);
  }
}
