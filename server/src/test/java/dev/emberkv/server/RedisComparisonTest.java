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
  void stringsAreEditedAlike() throws Exception {
    compare(
        "FLUSHALL\r\nSET k v NX\r\nSET k w NX\r\nSET k w XX\r\nSET none w XX\r\nGET k\r\nSET k x GET\r\nSET none y GET NX\r\nSET none z GET NX\r\n",
        "FLUSHALL\r\nSET k v EX 100\r\nTTL k\r\nSET k w KEEPTTL\r\nTTL k\r\nSET k w\r\nTTL k\r\nSET k v PX 100000\r\nTTL k\r\nSET k v EXAT 33177117420\r\nEXPIRETIME k\r\nSET k v PXAT 33177117420000\r\nPEXPIRETIME k\r\n",
        "FLUSHALL\r\nSET k v EX 0\r\nSET k v EX -1\r\nSET k v PX x\r\nSET k v EX\r\nSET k v EX 1 PX 1\r\nSET k v KEEPTTL EX 1\r\nSET k v NX XX\r\nSET k v EX 9223372036854775807\r\nSET k v PXAT 0\r\nSET k v foo\r\n",
        "FLUSHALL\r\nSETNX k v\r\nSETNX k w\r\nGET k\r\nSETEX k 100 x\r\nTTL k\r\nSETEX k 0 x\r\nSETEX k x x\r\nPSETEX k 100000 y\r\nTTL k\r\nPSETEX k -1 y\r\nSETEX k 9223372036854775807 v\r\n",
        "FLUSHALL\r\nGETSET k v\r\nGETSET k w\r\nGETDEL k\r\nGETDEL k\r\nSET k v\r\nGETEX k\r\nGETEX k EX 100\r\nTTL k\r\nGETEX k PERSIST\r\nTTL k\r\nGETEX k PXAT 1\r\nEXISTS k\r\nGETEX k EX\r\nGETEX k PERSIST EX\r\nGETEX k foo\r\nSET k v\r\nGETEX k EX 0\r\n",
        "FLUSHALL\r\nAPPEND k abc\r\nAPPEND k def\r\nGET k\r\nSTRLEN k\r\nAPPEND k \"\"\r\nGETRANGE k 0 2\r\nGETRANGE k -3 -1\r\nGETRANGE k 4 100\r\nGETRANGE k 5 1\r\nGETRANGE k -100 100\r\nGETRANGE k -1 -3\r\nSUBSTR k 1 2\r\nGETRANGE none 0 1\r\nGETRANGE k x 1\r\n",
        "FLUSHALL\r\nSETRANGE k 3 abc\r\nGET k\r\nSETRANGE k 0 xyz\r\nGET k\r\nSETRANGE none 0 \"\"\r\nEXISTS none\r\nSETRANGE k -1 a\r\nSETRANGE k x a\r\nSETRANGE k 536870911 ab\r\nSETRANGE none 1 \"\"\r\n",
        "FLUSHALL\r\nINCR k\r\nINCR k\r\nINCRBY k 10\r\nDECR k\r\nDECRBY k 20\r\nGET k\r\nINCRBY k x\r\nSET k abc\r\nINCR k\r\nSET k 9223372036854775807\r\nINCR k\r\nSET k -9223372036854775808\r\nDECR k\r\nDECRBY k -9223372036854775808\r\nSET k \" 1\"\r\nINCR k\r\nSET k \"\"\r\nINCR k\r\nSET k 01\r\nINCR k\r\n",
        "FLUSHALL\r\nINCRBYFLOAT k 1.5\r\nINCRBYFLOAT k 0.1\r\nINCRBYFLOAT k 32.5e-1\r\nINCRBYFLOAT k x\r\nSET k abc\r\nINCRBYFLOAT k 1\r\nSET k 3\r\nINCRBYFLOAT k 1.000\r\nINCRBYFLOAT k inf\r\nINCRBYFLOAT k \"\"\r\n",
        "FLUSHALL\r\nMSETNX a 1 b 2\r\nMSETNX b 3 c 4\r\nMGET a b c\r\nMSETNX a\r\nMSETNX a 1 b\r\n",
        "FLUSHALL\r\nMSET a ohmytext b mynewtext\r\nLCS a b\r\nLCS a b LEN\r\nLCS a b IDX\r\nLCS a b IDX MINMATCHLEN 4\r\nLCS a b IDX MINMATCHLEN 4 WITHMATCHLEN\r\nLCS a b LEN IDX\r\nLCS a none\r\nLCS a b foo\r\n",
        "FLUSHALL\r\nSET k v\r\nOBJECT ENCODING k\r\nOBJECT REFCOUNT k\r\nSET k 12\r\nOBJECT ENCODING k\r\nOBJECT ENCODING none\r\nTOUCH k none k\r\n");
  }

  @Test
  void keysAreHandledAlike() throws Exception {
    compare(
        "FLUSHALL\r\nSET a 1\r\nRENAME a b\r\nGET a\r\nGET b\r\nRENAME a b\r\nRENAME b b\r\nRENAMENX b c\r\nSET d 1\r\nRENAMENX c d\r\nRENAMENX none d\r\nRENAMENX c c\r\nSET t 1 EX 100\r\nRENAME t u\r\nTTL u\r\n",
        "FLUSHALL\r\nSET a 1\r\nCOPY a b\r\nGET b\r\nCOPY a b\r\nCOPY a b REPLACE\r\nCOPY none x\r\nCOPY a a\r\nCOPY a c DB 1\r\nSELECT 1\r\nGET c\r\nCOPY c c DB x\r\nCOPY c c DB 99\r\nCOPY c d foo\r\nMOVE c 0\r\nMOVE c 0\r\nMOVE c 1\r\nMOVE c x\r\nMOVE c 77\r\n",
        "FLUSHALL\r\nSET a 1\r\nEXPIRE a 100\r\nTTL a\r\nEXPIRE a 200 NX\r\nTTL a\r\nEXPIRE a 200 GT\r\nTTL a\r\nEXPIRE a 300 LT\r\nTTL a\r\nEXPIRE a 50 LT\r\nTTL a\r\nPERSIST a\r\nPERSIST a\r\nTTL a\r\nEXPIRE a 100 XX\r\nEXPIRE a 100 GT\r\nEXPIRE a 100 LT\r\nTTL a\r\nTTL none\r\nPTTL none\r\nEXPIRETIME none\r\n",
        "FLUSHALL\r\nSET a 1\r\nEXPIRE a x\r\nEXPIRE a 9223372036854775807\r\nEXPIRE a 1 NX XX\r\nEXPIRE a 1 GT LT\r\nEXPIRE a 1 NX GT\r\nEXPIRE a 1 foo\r\nPEXPIREAT a 33177117420000\r\nPEXPIRETIME a\r\nEXPIREAT a 33177117420\r\nEXPIRETIME a\r\nEXPIRE a -1\r\nEXISTS a\r\nEXPIRE a 1\r\nEXPIRE a -9223372036854775808\r\n",
        "FLUSHALL\r\nSET a 1\r\nEXPIRE a 0\r\nGET a\r\nSET a 1\r\nPEXPIREAT a 1\r\nEXISTS a\r\nDBSIZE\r\nEXPIRE none 1\r\n",
        "FLUSHALL\r\nSELECT 1\r\nSET a one\r\nSELECT 0\r\nSET a zero\r\nSWAPDB 0 1\r\nGET a\r\nSELECT 1\r\nGET a\r\nSWAPDB 0 99\r\nSWAPDB x 1\r\nSWAPDB 1 x\r\nSELECT 99\r\nFLUSHDB\r\nDBSIZE\r\nSELECT 0\r\nDBSIZE\r\n",
        "FLUSHALL\r\nSET a 1\r\nKEYS *\r\nKEYS b*\r\nRANDOMKEY\r\nDEL a\r\nRANDOMKEY\r\nSCAN 0\r\nSCAN x\r\nSCAN 0 COUNT 0\r\nSCAN 0 COUNT x\r\nSCAN 0 foo\r\nSCAN 0 MATCH\r\nSET a 1\r\nSCAN 0 TYPE string\r\nSCAN 0 TYPE hash\r\nSCAN 0 MATCH b*\r\n");
  }

  @Test
  void hashesAreHandledAlike() throws Exception {
    compare(
        "FLUSHALL\r\nHSET h a 1 b 2\r\nHSET h a 3 c 4\r\nHGET h a\r\nHGET h none\r\nHGET none a\r\nHMGET h a none c\r\nHMGET none a b\r\nHLEN h\r\nHLEN none\r\nHEXISTS h a\r\nHEXISTS h x\r\nHSTRLEN h a\r\nHSTRLEN h x\r\nHGETALL h\r\nHKEYS h\r\nHVALS h\r\nHGETALL none\r\n",
        "FLUSHALL\r\nHMSET h a 1 b 2\r\nHMSET h a\r\nHSET h a\r\nHSET h a 1 b\r\nHMSET h a 1 b\r\nHSETNX h a 9\r\nHSETNX h z 9\r\nHDEL h a x z\r\nHDEL h b\r\nEXISTS h\r\nHDEL none a\r\nTYPE h\r\n",
        "FLUSHALL\r\nHSET h a 1\r\nGET h\r\nINCR h\r\nAPPEND h x\r\nGETSET h x\r\nSETRANGE h 0 x\r\nGETRANGE h 0 1\r\nSTRLEN h\r\nMGET h\r\nSET h x GET\r\nLCS h h\r\nGETDEL h\r\nGETEX h\r\nTYPE h\r\nSETNX h x\r\nSET h x\r\nTYPE h\r\nHGET h a\r\nHSET h a 1\r\nHLEN h\r\nHGETALL h\r\nHDEL h a\r\nHINCRBY h a 1\r\nHSCAN h 0\r\nHMGET h a\r\nHEXISTS h a\r\nHSTRLEN h a\r\nHKEYS h\r\nHVALS h\r\nHSETNX h a 1\r\n",
        "FLUSHALL\r\nHINCRBY h a 5\r\nHINCRBY h a -7\r\nHGET h a\r\nHSET h b x\r\nHINCRBY h b 1\r\nHINCRBY h a x\r\nHSET h a 9223372036854775807\r\nHINCRBY h a 1\r\nHINCRBYFLOAT h c 1.5\r\nHINCRBYFLOAT h c 1\r\nHINCRBYFLOAT h b 1\r\nHINCRBYFLOAT h c inf\r\nHINCRBYFLOAT h c x\r\n",
        "FLUSHALL\r\nHSET h a 1 b 2\r\nHSCAN h 0\r\nHSCAN h 0 MATCH b*\r\nHSCAN none 0\r\nHSCAN h x\r\nHSCAN h 0 COUNT 0\r\nHSCAN h 0 foo\r\nHRANDFIELD none\r\nHRANDFIELD none 3\r\nHRANDFIELD h 0\r\nHRANDFIELD h x\r\nHRANDFIELD h 1 foo\r\nEXPIRE h 100\r\nHSET h c 3\r\nTTL h\r\nRENAME h i\r\nHGETALL i\r\nCOPY i j\r\nHGETALL j\r\n");
  }

  @Test
  void transactionsAreHandledAlike() throws Exception {
    compare(
        "FLUSHALL\r\nMULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nEXEC\r\nEXEC\r\nDISCARD\r\nMULTI\r\nMULTI\r\nSET a 5\r\nDISCARD\r\nGET a\r\nMULTI\r\nEXEC\r\n",
        "FLUSHALL\r\nMULTI\r\nSET a\r\nEXEC\r\nMULTI\r\nnope\r\nSET a 1\r\nEXEC\r\nGET a\r\nMULTI\r\nSET a x\r\nINCR a\r\nSET b 1\r\nEXEC\r\nGET b\r\nMULTI\r\nWATCH a\r\nEXEC\r\nWATCH a\r\nSET a 1\r\nMULTI\r\nSET b 2\r\nEXEC\r\nGET b\r\nUNWATCH\r\nWATCH a\r\nSET a 2\r\nUNWATCH\r\nMULTI\r\nPING\r\nEXEC\r\n",
        "FLUSHALL\r\nMULTI\r\nSAVE\r\nEXEC\r\nWATCH a\r\nFLUSHALL\r\nMULTI\r\nPING\r\nEXEC\r\nSET a 1\r\nWATCH a\r\nFLUSHALL\r\nMULTI\r\nPING\r\nEXEC\r\nSET a 1\r\nWATCH a\r\nEXPIRE a 100\r\nMULTI\r\nPING\r\nEXEC\r\nWATCH none\r\nDEL none\r\nMULTI\r\nSELECT 1\r\nSET x 1\r\nEXEC\r\nDBSIZE\r\nMULTI\r\nPING\r\nRESET\r\nEXEC\r\nMULTI\r\nGET a\r\nQUIT\r\nPING\r\n");
  }

  @Test
  void theRestIsHandledAlike() throws Exception {
    compare(
        "FLUSHALL\r\nCLIENT REPLY OFF\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\nCLIENT REPLY foo\r\nCLIENT NO-EVICT ON\r\nCLIENT NO-EVICT foo\r\nCLIENT KILL 1.1.1.1:1\r\nCLIENT KILL ID x\r\nCLIENT KILL foo bar\r\nCLIENT KILL ID 99999\r\nCLIENT LIST foo\r\nCLIENT LIST TYPE pubsub\r\nCLIENT LIST TYPE foo\r\nCLIENT LIST ID x\r\n",
        "FLUSHALL\r\nSLOWLOG GET 0\r\nSLOWLOG RESET\r\nSLOWLOG GET -2\r\nSLOWLOG GET x\r\nLATENCY LATEST\r\nLATENCY HISTORY command\r\nLATENCY GRAPH command\r\nLATENCY HISTOGRAM nope\r\nLATENCY RESET\r\nCONFIG SET timeout 0\r\nCONFIG RESETSTAT\r\nCONFIG SET foo bar\r\nCONFIG REWRITE\r\n",
        "FLUSHALL\r\nACL WHOAMI\r\nACL USERS\r\nACL DELUSER nobody\r\nACL DELUSER default\r\nACL GETUSER nobody\r\nACL SETUSER a on >p ~k* +get +set -@all +@read\r\nAUTH a x\r\nAUTH a p\r\nACL WHOAMI\r\nGET k1\r\nGET j\r\nSET k1 1\r\n",
        "FLUSHALL\r\nACL SETUSER a foo\r\nACL SETUSER a +@nope\r\nACL SETUSER a <none\r\nACL SETUSER a #12\r\nACL CAT nope\r\nACL GENPASS 0\r\nACL DRYRUN nobody get k\r\nACL SETUSER a ~k* +get\r\nACL DRYRUN a get k\r\nACL DRYRUN a get j\r\nACL DRYRUN a set k v\r\nACL DELUSER a\r\n");
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
