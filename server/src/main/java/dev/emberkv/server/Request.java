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

  /** Returns a cursor on the command that starts at an argument of this one. */
  Request from(int argument) {
    Request inner = new Request(batch);
    inner.first = first + argument;
    inner.size = size - argument;
    return inner;
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

  /** Returns an argument as a signed 64-bit decimal, written as strictly as Redis wants it. */
  long integer(int argument) {
    return integer(batch.data(), offset(argument), length(argument));
  }

  /** Returns a range of bytes as a signed 64-bit decimal. */
  static long integer(byte[] data, int offset, int length) {
    int at = offset;
    int end = at + length;
    boolean negative = at < end && data[at] == '-';
    if (negative) {
      at++;
    }
    if (at == end || (data[at] == '0' && (negative || at + 1 < end))) {
      throw CommandException.notAnInteger();
    }
    // In negative numbers, of which there is one more.
    long value = 0;
    for (; at < end; at++) {
      int digit = data[at] - '0';
      if (digit < 0 || digit > 9 || value < (Long.MIN_VALUE + digit) / 10) {
        throw CommandException.notAnInteger();
      }
      value = 10 * value - digit;
    }
    if (!negative && value == Long.MIN_VALUE) {
      throw CommandException.notAnInteger();
    }
    return negative ? value : -value;
  }

  /** Returns an argument as a row's id, a decimal {@code u64}. */
  long id(int argument) {
    byte[] data = batch.data();
    int end = offset(argument) + length(argument);
    boolean valid = length(argument) > 0;
    long value = 0;
    for (int at = offset(argument); valid && at < end; at++) {
      int digit = data[at] - '0';
      long limit = Long.divideUnsigned(-1L - digit, 10);
      valid = digit >= 0 && digit <= 9 && Long.compareUnsigned(value, limit) <= 0;
      value = 10 * value + digit;
    }
    if (!valid) {
      throw new CommandException(
          "ERR id '" + text(argument) + "' is not an integer in 0..18446744073709551615");
    }
    return value;
  }
}
