package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows works. */
final class ReadmeTest {
  private static final Path README = Path.of("..", "README.md");

  @Test
  void givenTheJavaExampleWhenCompiledAndRunOnAClassPathThenItWorksAndRemembers(
      @TempDir Path folder) throws IOException, InterruptedException {
    // given
    Matcher block =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
    assertThat(block.find()).as("a java block in %s", README).isTrue();
    Path source = Files.writeString(folder.resolve("Example.java"), block.group(1));
    String classPath =
        System.getProperty("java.class.path")
            + File.pathSeparator
            + System.getProperty("jdk.module.path", "");

    // when
    int status =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                System.out,
                System.err,
                "-cp",
                classPath,
                "-d",
                folder.toString(),
                source.toString());

    // then
    assertThat(status).isZero();
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath + File.pathSeparator + folder,
            "Example",
            folder.resolve("data").toString());
    assertThat(outputOf(command)).isEqualTo("3 rows, 3 were new\n");
    assertThat(outputOf(command)).as("run again").isEqualTo("3 rows, 0 were new\n");
  }

  private static String outputOf(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }
}
