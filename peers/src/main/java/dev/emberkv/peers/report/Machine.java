package dev.emberkv.peers.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where and how a run took place.
 *
 * @param facts name and value, for people
 * @param command what repeats it
 */
public record Machine(Map<String, String> facts, String command) {
  /** Reads what there is to know. */
  public static Machine read(Path directory, List<String> arguments) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    facts.put("processor", field("/proc/cpuinfo", "model name"));
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("memory", field("/proc/meminfo", "MemTotal"));
    facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("huge pages", firstLine("/sys/kernel/mm/transparent_hugepage/enabled"));
    facts.put("file system", lastLine("df", "--output=source,fstype,size", directory.toString()));
    facts.put("Java", System.getProperty("java.vm.name") + " " + Runtime.version());
    facts.put("commit", commit());
    String options = arguments.isEmpty() ? "" : " " + String.join(" ", arguments);
    return new Machine(facts, "./emberkv bench peers" + options);
  }

  private static String commit() {
    String id = lastLine("git", "-C", sourceFolder(), "rev-parse", "--short=12", "HEAD");
    String changes =
        lastLine("git", "-C", sourceFolder(), "status", "--porcelain", "--untracked-files=no");
    return id.isEmpty() ? "unknown" : id + (changes.isEmpty() ? "" : ", with local changes");
  }

  /** The checkout that the launcher built this from; jars lie in bench/target/dist/peers. */
  private static String sourceFolder() {
    return System.getProperty("emberkv.root", ".");
  }

  private static String field(String file, String name) {
    try (var lines = Files.lines(Path.of(file))) {
      return lines
          .filter(line -> line.startsWith(name))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static String firstLine(String file) {
    try (var lines = Files.lines(Path.of(file))) {
      return lines.findFirst().orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** Returns the last line that a program prints, or nothing when it fails. */
  private static String lastLine(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0
          ? text.lines().reduce("", (first, second) -> second).strip()
          : "";
    } catch (IOException e) {
      return ""; // not installed
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException(e));
    }
  }
}
