package dev.emberkv.server;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A cursor on one command of a {@link RequestBatch}. Argument 0 is the command's name. The bytes
 * belong to the batch and are valid until the command has been answered.
 */
final class Request {
  private final RequestBatch batch;
  private int first;
  private int size;

  Request(RequestBatch batch) {
    this.batch = batch;
  }

  /** Moves to a command of the batch. */
  Request at(int command) {
    first = batch.firstArgument(command);
    size = batch.size(command);
    return this;
  }

  /** Returns the number of arguments, the command's name included. */
  int size() {
    return size;
  }

  /** Returns an argument's length in bytes. */
  int length(int argument) {
    return batch.length(checked(argument));
  }

  /** Returns the array that holds the arguments. */
  byte[] data() {
    return batch.data();
  }

  /** Returns where an argument starts in {@link #data}. */
  int offset(int argument) {
    return batch.offset(checked(argument));
  }

  private int checked(int argument) {
    assert argument >= 0 && argument < size : argument + " of " + size;
    return first + argument;
  }

  /** Returns a copy of an argument. */
  byte[] bytes(int argument) {
    int offset = offset(argument);
    return Arrays.copyOfRange(batch.data(), offset, offset + length(argument));
  }

  /** Returns copies of the arguments {@code from, from + step, ...}. */
  byte[][] bytes(int from, int step) {
    byte[][] copies = new byte[(size - from + step - 1) / step][];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = bytes(from + i * step);
    }
    return copies;
  }

  /** Returns an argument's bytes without copying them. */
  MemorySegment segment(int argument) {
    return MemorySegment.ofArray(batch.data()).asSlice(offset(argument), length(argument));
  }

  /** Returns an argument as text in UTF-8. */
  String text(int argument) {
    return new String(batch.data(), offset(argument), length(argument), StandardCharsets.UTF_8);
  }

  /** Returns whether an argument is this word of ASCII letters, in either case. */
  boolean is(int argument, String upperCase) {
    int length = length(argument);
    if (length != upperCase.length()) {
      return false;
    }
    int offset = offset(argument);
    byte[] data = batch.data();
    for (int i = 0; i < length; i++) {
      if (CommandTable.upper(data[offset + i]) != upperCase.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Returns an argument as a signed 64-bit decimal. */
  long integer(int argument) {
    try {
      String text = text(argument);
      if (text.startsWith("+")) {
        throw CommandException.notAnInteger();
      }
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw CommandException.notAnInteger();
    }
  }
}
