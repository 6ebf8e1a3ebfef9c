package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line that ships with Redis, against this server. */
class RedisCliTest {
  @TempDir Path directory;
  private ServerFixture fixture;

  @BeforeEach
  void start() throws Exception {
    RedisTools.assumeInstalled("redis-cli");
    fixture = ServerFixture.open(directory, ServerFixture.options().withRequirePass("secret"));
  }

  @AfterEach
  void stop() {
    if (fixture != null) {
      fixture.close();
    }
  }

  @Test
  void anInteractiveSessionStartsWithoutAnErrorAndKnowsTheCommands() throws Exception {
    String output =
        cli(
            "PING\nSET a \"1 2\"\nGET a\nEMB.CREATE t DIM 2\nEMB.TABLES\nhelp get\nhelp emb.show\n");

    assertThat(output)
        .contains("PONG\n", "OK\n", "\"1 2\"\n", "1) \"t\"\n")
        .contains("Returns the string value of a key.", "Returns rows as text.")
        .doesNotContainIgnoringCase("err")
        .doesNotContainIgnoringCase("warning");
  }

  @Test
  void resp3IsSpokenToo() throws Exception {
    String output = cli("CONFIG GET save\nGET none\nCOMMAND DOCS get\n", "-3");

    assertThat(output)
        .contains("1# \"save\" => \"\"\n", "(nil)\n", "\"summary\" => \"Returns the string value")
        .doesNotContainIgnoringCase("err");
  }

  @Test
  void infoIsReadable() throws Exception {
    assertThat(cli("", "INFO", "emberkv"))
        .startsWith("# Emberkv")
        .containsPattern("io_backend:(uring|portable)");
  }

  private String cli(String input, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "redis-cli",
                "--no-raw",
                "--no-auth-warning",
                "-a",
                "secret",
                "-p",
                String.valueOf(fixture.server.port())));
    command.addAll(List.of(arguments));
    return RedisTools.run(command, input);
  }
}
