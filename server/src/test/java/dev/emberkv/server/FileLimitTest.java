package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How many clients the limit on open files allows. */
class FileLimitTest {
  @TempDir private Path folder = Path.of("");

  private FileLimit limit(String soft, int open) throws IOException {
    Path limits = folder.resolve("limits");
    Files.writeString(
        limits,
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max processes             96127                96127                processes
        Max open files            %-20s 1048576              files
        """
            .formatted(soft));
    Path files = Files.createDirectories(folder.resolve("fd"));
    for (int i = 0; i < open; i++) {
      Files.writeString(files.resolve(Integer.toString(i)), "");
    }
    return FileLimit.of(limits, files);
  }

  @Test
  void givenALowLimitThenFewerClientsAreAllowedThanWereAskedFor() throws IOException {
    FileLimit limit = limit("1024", 30);

    assertThat(limit.connections()).isEqualTo(1024 - 30 - 64);
    assertThat(limit.cap(10_000)).isEqualTo(930);
    assertThat(limit.cap(930)).isEqualTo(930);
    assertThat(limit.cap(1)).isEqualTo(1);
  }

  @Test
  void givenNoRoomForAnyClientThenTheServerDoesNotStart() throws IOException {
    FileLimit limit = limit("64", 30);

    assertThatThrownBy(() -> limit.cap(10_000))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("64 open files")
        .hasMessageContaining("ulimit -n");
  }

  @Test
  void givenNoLimitThenAllClientsAreAllowed() throws IOException {
    assertThat(limit("unlimited", 3).cap(10_000_000)).isEqualTo(10_000_000);
    assertThat(FileLimit.of(folder.resolve("none"), folder).cap(10_000)).isEqualTo(10_000);
  }

  @Test
  void readsTheLimitOfThisProcess() {
    FileLimit limit = FileLimit.ofThisProcess();

    assertThat(limit.openFiles()).isPositive();
    assertThat(limit.reserved()).isBetween(65L, 10_000L);
  }
}
