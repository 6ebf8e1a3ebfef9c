package dev.emberkv.server;

import java.util.Arrays;

/**
 * Decoded commands of one connection: arguments as offsets and lengths into the bytes that they
 * arrived in, without an object per argument or command.
 *
 * <p>Behind the complete commands may stand the arguments of one that has not arrived whole yet.
 * The batch and its bytes have one owner at a time: the event loop while it decodes, then whoever
 * executes.
 */
final class RequestBatch {
  private static final int KEPT_ARGUMENTS = 16_384;
  private static final int KEPT_COMMANDS = 1_024;

  private byte[] data = new byte[0];
  private int[] offsets = new int[16];
  private int[] lengths = new int[16];
  private int arguments;
  private int[] ends = new int[8];
  private int commands;

  /** Returns the number of complete commands. */
  int commands() {
    return commands;
  }

  /** Returns the bytes that offsets point into. */
  byte[] data() {
    return data;
  }

  /** Returns the position of a command's first argument, its name. */
  int firstArgument(int command) {
    return command == 0 ? 0 : ends[command - 1];
  }

  /** Returns the number of a command's arguments, the name included. */
  int size(int command) {
    return ends[command] - firstArgument(command);
  }

  /** Returns where the argument at that position starts in {@link #data}. */
  int offset(int argument) {
    return offsets[argument];
  }

  /** Returns the length of the argument at that position in bytes. */
  int length(int argument) {
    return lengths[argument];
  }

  /** Forgets the complete commands and keeps the arguments of the incomplete one. */
  void dropCommands() {
    if (commands == 0) {
      return;
    }
    int executed = ends[commands - 1];
    int kept = arguments - executed;
    System.arraycopy(offsets, executed, offsets, 0, kept);
    System.arraycopy(lengths, executed, lengths, 0, kept);
    arguments = kept;
    commands = 0;
    if (offsets.length > KEPT_ARGUMENTS && kept < KEPT_ARGUMENTS) {
      offsets = Arrays.copyOf(offsets, KEPT_ARGUMENTS);
      lengths = Arrays.copyOf(lengths, KEPT_ARGUMENTS);
    }
    if (ends.length > KEPT_COMMANDS) {
      ends = new int[KEPT_COMMANDS];
    }
  }

  /** Moves the incomplete command to other bytes, {@code shift} further to the front. */
  void rebase(byte[] newData, int shift) {
    assert commands == 0 : commands + " commands would lose their bytes";
    data = newData;
    for (int i = 0; i < arguments; i++) {
      offsets[i] -= shift;
    }
  }

  /** Goes on with a copy of the bytes that is longer. */
  void replaceData(byte[] longer) {
    assert longer.length >= data.length;
    data = longer;
  }

  /** Adds an argument to the incomplete command. */
  void addArgument(int offset, int length) {
    assert offset >= 0 && length >= 0 && offset + length <= data.length;
    if (arguments == offsets.length) {
      offsets = Arrays.copyOf(offsets, 2 * arguments);
      lengths = Arrays.copyOf(lengths, 2 * arguments);
    }
    offsets[arguments] = offset;
    lengths[arguments] = length;
    arguments++;
  }

  /** Declares the incomplete command complete. */
  void endCommand() {
    assert arguments > (commands == 0 ? 0 : ends[commands - 1]) : "a command has a name";
    if (commands == ends.length) {
      ends = Arrays.copyOf(ends, 2 * commands);
    }
    ends[commands++] = arguments;
  }
}
