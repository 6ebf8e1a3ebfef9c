package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Random requests in random pieces; jqwik prints the seed that replays a failure. */
class RespDecoderFuzzTest {
  private static final String ALPHABET = "*$:\r\n\"'\\x019 -abGET\0\t";

  /** What came out of a decoder. */
  private record Outcome(List<List<String>> commands, String failure) {}

  @Property(tries = 3000)
  void anyFragmentationGivesTheSameCommands(@ForAll long seed) {
    Random random = new Random(seed);
    List<List<String>> sent = new ArrayList<>();
    byte[] stream = randomCommands(random, sent);

    assertThat(decode(stream, stream.length, random)).isEqualTo(new Outcome(sent, ""));
    assertThat(decode(stream, 40, random)).isEqualTo(new Outcome(sent, ""));
    assertThat(decode(stream, 1, random)).isEqualTo(new Outcome(sent, ""));
  }

  @Property(tries = 5000)
  void mutatedFramesNeverCrashAndDoNotDependOnFragmentation(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int mutations) {
    Random random = new Random(seed);
    byte[] stream = randomCommands(random, new ArrayList<>());
    for (int i = 0; i < mutations && stream.length > 0; i++) {
      stream = mutate(stream, random);
    }

    Outcome whole = decode(stream, stream.length, random);
    assertThat(decode(stream, 11, random)).isEqualTo(whole);
    assertThat(decode(stream, 1, random)).isEqualTo(whole);
  }

  private static byte[] mutate(byte[] stream, Random random) {
    int at = random.nextInt(stream.length);
    byte symbol = (byte) ALPHABET.charAt(random.nextInt(ALPHABET.length()));
    switch (random.nextInt(4)) {
      case 0 -> stream[at] = symbol;
      case 1 -> stream[at] = (byte) random.nextInt(256);
      case 2 -> {
        byte[] shorter = Arrays.copyOf(stream, stream.length - 1);
        System.arraycopy(stream, at + 1, shorter, at, shorter.length - at);
        return shorter;
      }
      default -> {
        byte[] longer = Arrays.copyOf(stream, stream.length + 1);
        System.arraycopy(stream, at, longer, at + 1, stream.length - at);
        longer[at] = symbol;
        return longer;
      }
    }
    return stream;
  }

  private static byte[] randomCommands(Random random, List<List<String>> sent) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int commands = random.nextInt(40);
    for (int i = 0; i < commands; i++) {
      int arguments = 1 + random.nextInt(5);
      byte[][] words = new byte[arguments][];
      List<String> asText = new ArrayList<>();
      boolean inline = random.nextInt(4) == 0;
      for (int word = 0; word < arguments; word++) {
        words[word] = new byte[random.nextInt(random.nextInt(10) == 0 ? 700 : 12) + 1];
        random.nextBytes(words[word]);
        if (inline) {
          for (int b = 0; b < words[word].length; b++) {
            words[word][b] = (byte) ('a' + (words[word][b] & 15));
          }
        }
        asText.add(new String(words[word], StandardCharsets.ISO_8859_1));
      }
      sent.add(asText);
      out.writeBytes(
          inline
              ? (String.join(" ", asText) + "\r\n").getBytes(StandardCharsets.ISO_8859_1)
              : RawClient.frame(words));
    }
    return out.toByteArray();
  }

  private static Outcome decode(byte[] stream, int largestPiece, Random random) {
    RespDecoder decoder = new RespDecoder(1 << 20, 1 << 20, new RequestMemory(1 << 24));
    RequestBatch batch = new RequestBatch();
    List<List<String>> commands = new ArrayList<>();
    int at = 0;
    while (at < stream.length) {
      int piece = Math.min(stream.length - at, 1 + random.nextInt(largestPiece));
      decoder.append(Unpooled.wrappedBuffer(stream, at, piece), batch);
      if (random.nextInt(3) > 0) {
        DecodedCommands.drain(decoder, batch, commands);
      }
      at += piece;
    }
    DecodedCommands.drain(decoder, batch, commands);
    ProtocolException failure = decoder.failure();
    return new Outcome(commands, failure == null ? "" : String.valueOf(failure.getMessage()));
  }
}
