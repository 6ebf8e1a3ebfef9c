package dev.emberkv.server;

/**
 * A command that is answered with an error; the connection lives on. The message starts with the
 * error code in capitals, for example {@code ERR syntax error}.
 */
final class CommandException extends RuntimeException {
  static final String WRONG_TYPE =
      "WRONGTYPE Operation against a key holding the wrong kind of value";

  private static final long serialVersionUID = 1L;

  CommandException(String message) {
    super(message, null, false, false);
  }

  static CommandException syntaxError() {
    return new CommandException("ERR syntax error");
  }

  static CommandException wrongType() {
    return new CommandException(WRONG_TYPE);
  }

  static CommandException noSuchKey() {
    return new CommandException("ERR no such key");
  }

  static CommandException notAFloat() {
    return new CommandException("ERR value is not a valid float");
  }

  static CommandException notAnInteger() {
    return new CommandException("ERR value is not an integer or out of range");
  }

  static CommandException wrongArity(String fullName) {
    return new CommandException("ERR wrong number of arguments for '" + fullName + "' command");
  }
}
