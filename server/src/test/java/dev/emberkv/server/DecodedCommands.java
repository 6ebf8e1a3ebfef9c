package dev.emberkv.server;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a decoder has decoded, as lists of strings with one character a byte. */
final class DecodedCommands {
  private DecodedCommands() {}

  /** Decodes as far as possible and adds the commands to a list. */
  static void drain(RespDecoder decoder, RequestBatch batch, List<List<String>> commands) {
    while (true) {
      decoder.decode(batch, 16, true);
      if (batch.commands() == 0) {
        return;
      }
      Request request = new Request(batch);
      for (int i = 0; i < batch.commands(); i++) {
        request.at(i);
        List<String> words = new ArrayList<>();
        for (int argument = 0; argument < request.size(); argument++) {
          words.add(new String(request.bytes(argument), StandardCharsets.ISO_8859_1));
        }
        commands.add(words);
      }
    }
  }
}
