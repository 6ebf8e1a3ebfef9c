package dev.emberkv.server;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The errors that repeat what the client has sent. */
final class ErrorTexts {
  private static final int SHOWN_ARGUMENT_BYTES = 128;

  private ErrorTexts() {}

  /** Returns the error for a command, or a subcommand of {@code parent}, that there is not. */
  static CommandException unknownCommand(@Nullable Command parent, Request request) {
    if (parent != null) {
      return new CommandException(
          "ERR unknown subcommand '%s'. Try %s HELP."
              .formatted(shown(request, 1), parent.name().toUpperCase(Locale.ROOT)));
    }
    StringBuilder arguments = new StringBuilder();
    for (int i = 1; i < request.size() && arguments.length() < SHOWN_ARGUMENT_BYTES; i++) {
      String text = shown(request, i);
      int room = SHOWN_ARGUMENT_BYTES - arguments.length();
      arguments.append('\'').append(text, 0, Math.min(text.length(), room)).append("' ");
    }
    return new CommandException(
        "ERR unknown command '%s', with args beginning with: %s"
            .formatted(shown(request, 0), arguments));
  }

  /** Returns the beginning of an argument. */
  static String shown(Request request, int argument) {
    int length = Math.min(request.length(argument), SHOWN_ARGUMENT_BYTES);
    return new String(request.data(), request.offset(argument), length, StandardCharsets.UTF_8);
  }
}
