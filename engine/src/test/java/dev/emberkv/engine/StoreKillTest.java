package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process under load is killed again and again, and what it leaves is compared with what it had
 * acknowledged, which this process knows.
 *
 * <p>{@code -Dseed=N} repeats the batches and the moments of a run.
 */
class StoreKillTest {
  @TempDir private Path directory;

  @Test
  void aKilledStoreKeepsWhatItAcknowledged() throws Exception {
    killMany(20);
  }

  @Test
  @Tag("long")
  void aStoreKilledAThousandTimesKeepsWhatItAcknowledged() throws Exception {
    killMany(1000);
  }

  private void killMany(int rounds) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("StoreKillTest seed " + seed);
    Random random = new Random(seed);
    List<Durability> durabilities = List.of(Durability.values());
    int[] survivors = new int[CrashWorkload.KEYS];
    int batches = 0;
    for (int round = 0; round < rounds; round++) {
      Durability durability = durabilities.get(random.nextInt(durabilities.size()));
      CrashOracle oracle = new CrashOracle(durability, survivors);
      run(durability, seed, batches + 1, random.nextInt(250), oracle);
      batches += oracle.batches();
      try (Store store = Store.open(CrashChild.options(directory, durability))) {
        survivors = CrashWorkload.read(store);
      }
      try {
        oracle.check(survivors);
      } catch (AssertionError e) {
        throw new AssertionError("-Dseed=%d, round %d, %s".formatted(seed, round, durability), e);
      }
    }
    assertThat(batches).as("batches that were under way or done").isPositive();
  }

  /** Runs a child, kills it some time after its first batch, and tells the oracle what it said. */
  private void run(Durability durability, long seed, int first, int millis, CrashOracle oracle)
      throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(command(durability, seed, first))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said = child.inputReader()) {
      String line = said.readLine();
      Thread killer = Thread.ofPlatform().start(() -> killAfter(child, millis));
      for (; line != null; line = said.readLine()) {
        tell(oracle, line, seed);
      }
      killer.join();
    } finally {
      child.destroyForcibly();
      assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static void killAfter(Process child, int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // Process.destroyForcibly would close the pipe with what is still in it
    child.toHandle().destroyForcibly();
  }

  private static void tell(CrashOracle oracle, String line, long seed) {
    int batch = line.length() > 2 ? Integer.parseInt(line.substring(2)) : 0;
    switch (line.charAt(0)) {
      case CrashChild.BATCH_BEGUN -> oracle.begun(CrashWorkload.batch(seed, batch));
      case CrashChild.BATCH_ENDED -> oracle.ended(CrashWorkload.batch(seed, batch));
      case CrashChild.FLUSH_BEGUN -> oracle.flushBegun();
      case CrashChild.FLUSH_ENDED -> oracle.flushEnded();
      default -> throw new AssertionError("the child said " + line);
    }
  }

  private List<String> command(Durability durability, long seed, int first) {
    String modules = System.getProperty("jdk.module.path", "");
    String classes =
        String.join(
            File.pathSeparator,
            Path.of("target", "test-classes").toString(),
            Path.of("target", "classes").toString(),
            modules,
            System.getProperty("java.class.path"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-ea", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classes));
    command.add(CrashChild.class.getName());
    command.addAll(
        List.of(
            directory.toString(), durability.name(), Long.toString(seed), Integer.toString(first)));
    return command;
  }
}
