package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionCommandsTest {
  @TempDir Path directory;
  private ServerFixture fixture;
  private RawClient client;

  @BeforeEach
  void connect() throws Exception {
    fixture = ServerFixture.inMemory(directory);
    client = fixture.raw();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    fixture.close();
  }

  @Test
  void pingAndEchoAnswer() throws Exception {
    client.send("PING\r\nPING hello\r\nPING a b\r\necho x\r\n");

    assertThat(client.line()).isEqualTo("+PONG");
    assertThat(client.take(11)).isEqualTo("$5\r\nhello\r\n");
    assertThat(client.line()).isEqualTo("-ERR wrong number of arguments for 'ping' command");
    assertThat(client.take(7)).isEqualTo("$1\r\nx\r\n");
  }

  @Test
  void thereAreSixteenDatabases() throws Exception {
    client.send("SELECT 0\r\nSELECT 15\r\nSELECT 16\r\nSELECT x\r\n");

    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("-ERR DB index is out of range");
    assertThat(client.line()).isEqualTo("-ERR value is not an integer or out of range");
  }

  @Test
  void helloSwitchesTheProtocolBothWays() throws Exception {
    client.send("HELLO 3\r\nGET none\r\n");
    assertThat(client.line()).isEqualTo("%7");
    skipTo("*0");
    assertThat(client.line()).isEqualTo("_");

    client.send("HELLO 2\r\nGET none\r\n");
    assertThat(client.line()).isEqualTo("*14");
    skipTo("*0");
    assertThat(client.line()).isEqualTo("$-1");

    client.send("HELLO 3\r\nRESET\r\nGET none\r\n");
    skipTo("+RESET");
    assertThat(client.line()).isEqualTo("$-1");
  }

  @Test
  void helloRefusesWhatItDoesNotKnow() throws Exception {
    client.send("HELLO 4\r\nHELLO x\r\nHELLO 3 NOPE\r\nHELLO 3 AUTH a\r\nHELLO 3 SETNAME\r\n");
    client.send(RawClient.frame("HELLO", "3", "SETNAME", "a b")).send("GET none\r\n");

    assertThat(client.line()).isEqualTo("-NOPROTO unsupported protocol version");
    assertThat(client.line()).isEqualTo("-ERR Protocol version is not an integer or out of range");
    assertThat(client.line()).isEqualTo("-ERR Syntax error in HELLO option 'NOPE'");
    assertThat(client.line()).isEqualTo("-ERR Syntax error in HELLO option 'AUTH'");
    assertThat(client.line()).isEqualTo("-ERR Syntax error in HELLO option 'SETNAME'");
    assertThat(client.line()).startsWith("-ERR Client names cannot contain spaces");
    assertThat(client.line()).isEqualTo("$-1");
  }

  @Test
  void clientsCanNameThemselves() throws Exception {
    client.send("CLIENT GETNAME\r\nCLIENT SETNAME me\r\nCLIENT GETNAME\r\n");
    assertThat(client.line()).isEqualTo("$-1");
    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.take(8)).isEqualTo("$2\r\nme\r\n");

    client.send("CLIENT SETINFO LIB-NAME jedis\r\nclient setinfo lib-ver 8.0\r\n");
    assertThat(client.line()).isEqualTo("+OK");
    assertThat(client.line()).isEqualTo("+OK");
    client.send("CLIENT SETINFO NOPE x\r\nCLIENT SETINFO LIB-NAME \"a b\"\r\n");
    assertThat(client.line()).isEqualTo("-ERR Unrecognized option 'NOPE'");
    assertThat(client.line())
        .isEqualTo("-ERR lib-name cannot contain spaces, newlines or special characters.");

    client.send("CLIENT INFO\r\n");
    int length = Integer.parseInt(client.line().substring(1));
    assertThat(client.take(length))
        .startsWith("id=1 addr=127.0.0.1:")
        .contains(" name=me ", " resp=2 lib-name=jedis lib-ver=8.0", " cmd=client|info ")
        .endsWith("\n");
  }

  @Test
  void everyClientHasAnIdOfItsOwn() throws Exception {
    client.send("CLIENT ID\r\n");
    assertThat(client.line()).isEqualTo(":1");
    try (RawClient other = fixture.raw()) {
      other.send("CLIENT ID\r\n");
      assertThat(other.line()).isEqualTo(":2");
    }
  }

  @Test
  void containersExplainThemselves() throws Exception {
    client.send("CLIENT HELP\r\n");

    assertThat(client.line()).startsWith("*");
    assertThat(client.line())
        .isEqualTo("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    skipTo("+SETINFO");
  }

  private void skipTo(String wanted) throws Exception {
    String line;
    do {
      line = client.line();
    } while (!line.equals(wanted));
  }
}
