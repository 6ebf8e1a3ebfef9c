package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same bytes to a Redis server and to this one have to give the same bytes back. */
class RedisComparisonTest {
  @TempDir static Path directory;
  private static RedisTools.RedisServer redis;
  private static ServerFixture ember;

  @BeforeAll
  static void start() throws Exception {
    RedisTools.assumeInstalled("redis-server");
    redis = RedisTools.startServer(directory);
    ember = ServerFixture.open(directory);
  }

  @AfterAll
  static void stop() {
    if (ember != null) {
      ember.close();
    }
    if (redis != null) {
      redis.close();
    }
  }

  @Test
  void wellFormedCommandsAreAnsweredAlike() throws Exception {
    compare(
        "PING\r\n",
        "ping hello\r\n",
        "PING a b\r\n",
        "*1\r\n$4\r\npInG\r\n",
        "ECHO \"a\\x00b\\\"\"\r\n",
        "ECHO 'a\\'b\\n'\r\n",
        "ECHO \"\\x4g\"\r\n",
        "SET k v\r\nGET k\r\nGET none\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n\r\n\0\r\nGET k\r\n",
        "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\nSTRLEN \"\"\r\nGET \"\"\r\n",
        "MSET a 1 b 2 a 3\r\nMGET a none b a\r\n",
        "EXISTS a a b none\r\nTYPE a\r\nTYPE none\r\nSTRLEN a\r\nSTRLEN none\r\n",
        "DEL a none\r\nUNLINK b b\r\nDEL a\r\n",
        "*0\r\n*-1\r\n\r\n  \r\nPING\r\n",
        "FLUSHALL\r\nDBSIZE\r\nSET a 1\r\nDBSIZE\r\nFLUSHDB ASYNC\r\nDBSIZE\r\n",
        "CONFIG GET save\r\nCONFIG GET nope\r\nCONFIG GET databa*nope\r\n",
        "CLIENT SETNAME x\r\nCLIENT GETNAME\r\nRESET\r\nCLIENT GETNAME\r\n",
        "COMMAND GETKEYS MSET a 1 b 2\r\nCOMMAND GETKEYS GET x\r\n",
        "COMMAND INFO nope\r\n",
        "SELECT 0\r\nSET a 1\r\nQUIT\r\nSET a 2\r\n");
  }

  @Test
  void mistakesAreAnsweredAlike() throws Exception {
    compare(
        "GET\r\nGET a b\r\nSET a\r\nMSET a\r\nMSET a 1 b\r\nECHO\r\nSELECT\r\n",
        "foo\r\nfoo bar baz\r\nFOO 'a b'\r\n\"\"\r\n",
        "foo " + "x".repeat(300) + " y\r\n",
        "foo " + "x".repeat(100) + " " + "y".repeat(100) + " z\r\n",
        "y".repeat(300) + "\r\n",
        "*2\r\n$3\r\nfoo\r\n$4\r\na\r\nb\r\n",
        "SELECT x\r\nSELECT 99999999999999999999\r\nSELECT 00\r\nSELECT -0\r\nSELECT +0\r\n",
        "HELLO 9223372036854775808\r\nHELLO -9223372036854775808\r\nHELLO \"\"\r\n",
        "HELLO 4\r\nHELLO x\r\nHELLO 3 NOPE\r\nHELLO 2 AUTH a\r\nHELLO 2 SETNAME\r\n",
        "HELLO 2 AUTH default x NOPE\r\n",
        "AUTH x\r\nAUTH a b\r\nAUTH a b c\r\n",
        "CONFIG NOPE\r\nCONFIG\r\nCLIENT\r\nCLIENT SETNAME\r\nCLIENT SETNAME 'a b'\r\n",
        "COMMAND GETKEYS PING x\r\nCOMMAND GETKEYS nope x\r\nCOMMAND GETKEYS GET a b\r\n",
        "COMMAND GETKEYS PING\r\nCOMMAND NOPE\r\nCOMMAND COUNT x\r\n",
        "FLUSHALL nope\r\nFLUSHDB a b\r\nSET a b nope\r\nSHUTDOWN nope\r\n");
  }

  @Test
  void malformedFramesAreAnsweredAlike() throws Exception {
    List<String> frames =
        List.of(
            "*x",
            "*",
            "*-",
            "*+1",
            "*01",
            "* 1",
            "*1 ",
            "*99999999999999999999",
            "*3\r\n+a",
            "*1\r\n$",
            "*1\r\n$x",
            "*1\r\n$-1",
            "*1\r\n$01",
            "*1\r\n$ 1",
            "*1\r\n*1",
            "*1\r\nfoo",
            "*2\r\n$4\r\nECHO\r\n:1",
            "*1\r\n$99999999999999999999",
            "GET \"a",
            "GET 'a",
            "GET \"a\"b",
            "GET 'a'b",
            "*1\r\n",
            "*1\r\n$4\r\nPI",
            "PING a\r",
            "PI\rNG a",
            "*-5\r\nPING",
            "*1\r\n$4\r\nPINGxy*1\r\n$4\r\nPING");
    for (String frame : frames) {
      compare("PING before\r\n" + frame + "\r\nPING behind\r\n");
    }
    for (String start : List.of("", "*", "*1\r\n$")) {
      compare(start + "1".repeat(70_000));
    }
  }

  /** Sends each input on a connection of its own and compares everything that comes back. */
  private static void compare(String... inputs) throws Exception {
    for (String input : inputs) {
      String shown = input.length() > 100 ? input.substring(0, 100) + "..." : input;
      assertThat(answer(ember.raw(), input))
          .as("%s", shown.replace("\r\n", "\\r\\n"))
          .isEqualTo(answer(redis.connect(), input));
    }
  }

  private static String answer(RawClient client, String input) throws Exception {
    try (client) {
      client.send(input);
      // Ends every dialogue that is still going on, after whatever the input left unfinished.
      client.socket.shutdownOutput();
      return client.rest();
    }
  }

  @Test
  void theComparisonSeesDifferences() throws Exception {
    String answer = answer(ember.raw(), "EMB.TABLES\r\nPING\r\n");

    assertThat(Arrays.asList(answer.split("\r\n"))).containsExactly("*0", "+PONG");
    assertThat(answer(redis.connect(), "EMB.TABLES\r\nPING\r\n")).isNotEqualTo(answer);
  }
}
