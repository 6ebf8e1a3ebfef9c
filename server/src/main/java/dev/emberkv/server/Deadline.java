package dev.emberkv.server;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Times of expiry as clients give them: in seconds or milliseconds, from now on or since 1970.
 *
 * @param unitMillis 1000 or 1
 * @param absolute since 1970
 */
record Deadline(int unitMillis, boolean absolute) {
  static final Deadline EX = new Deadline(1000, false);
  static final Deadline PX = new Deadline(1, false);
  static final Deadline EXAT = new Deadline(1000, true);
  static final Deadline PXAT = new Deadline(1, true);

  /** Returns the option of SET or GETEX that this argument is, or null. */
  static @Nullable Deadline option(Request request, int argument) {
    if (request.is(argument, "EX")) {
      return EX;
    }
    if (request.is(argument, "PX")) {
      return PX;
    }
    if (request.is(argument, "EXAT")) {
      return EXAT;
    }
    return request.is(argument, "PXAT") ? PXAT : null;
  }

  /**
   * Returns the time of expiry that an argument stands for, in milliseconds since 1970.
   *
   * @param positive whether 0 and less are refused
   */
  long millis(Request request, int argument, String command, boolean positive) {
    long given = request.integer(argument);
    if (positive && given <= 0) {
      throw invalid(command);
    }
    try {
      long millis = Math.multiplyExact(given, unitMillis);
      long at = absolute ? millis : Math.addExact(millis, System.currentTimeMillis());
      if (at == Long.MAX_VALUE) {
        throw invalid(command);
      }
      return at;
    } catch (ArithmeticException e) {
      throw invalid(command);
    }
  }

  private static CommandException invalid(String command) {
    return new CommandException(
        "ERR invalid expire time in '" + command.toLowerCase(Locale.ROOT) + "' command");
  }
}
