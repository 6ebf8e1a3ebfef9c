package dev.emberkv.server;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The incremental parser of one connection: RESP arrays of bulk strings, and inline commands.
 *
 * <p>It takes and refuses what Redis does, with the same texts; like Redis it does not look at the
 * two bytes behind a bulk string. Bytes are copied once, into one array per connection, and no byte
 * of a command that arrives in pieces is looked at twice: the decoder remembers how far it parsed
 * and how far it searched for the end of a line. An inline command is unquoted in place, where it
 * only gets shorter.
 *
 * <p>Not thread-safe; the connection's event loop owns it. {@link #append} may move bytes and so
 * must not be called while somebody still reads the last batch.
 */
final class RespDecoder {
  /** The longest inline command or line of a header, in bytes. */
  static final int MAX_INLINE_BYTES = 64 << 10;

  /** The most arguments of one command. */
  static final int MAX_ARGUMENTS = 1_048_576;

  /** The most arguments before the client has authenticated. */
  static final int MAX_ARGUMENTS_BEFORE_AUTH = 10;

  /** The longest argument before the client has authenticated, in bytes. */
  static final int MAX_BULK_BYTES_BEFORE_AUTH = 16 << 10;

  private static final int MIN_CAPACITY = 512;
  private static final int KEPT_CAPACITY = 4 << 10;

  private final int maxBulkBytes;
  private final int maxRequestBytes;
  private final RequestMemory memory;

  private byte[] data = new byte[0];

  /** First byte of the first command that is not complete. */
  private int start;

  /** First byte that is not parsed. */
  private int position;

  /** No end of line before this byte, from {@link #position} on. */
  private int searched;

  /** Behind the last byte that has arrived. */
  private int end;

  /** Bulk strings that the current command still lacks; 0 between commands. */
  private int missingBulks;

  /** Length of the bulk string whose header was read, or -1. */
  private int bulkLength = -1;

  /** The number that {@link #parseNumber} read. */
  private long number;

  private @Nullable ProtocolException failure;

  RespDecoder(int maxBulkBytes, int maxRequestBytes, RequestMemory memory) {
    this.maxBulkBytes = maxBulkBytes;
    this.maxRequestBytes = maxRequestBytes;
    this.memory = memory;
  }

  /** Returns what is wrong with the stream behind the commands decoded so far, or null. */
  @Nullable ProtocolException failure() {
    return failure;
  }

  /**
   * Takes all readable bytes; the commands of {@code batch} are gone afterwards. Where there is no
   * memory for them, that is the {@link #failure} of the stream.
   */
  void append(ByteBuf in, RequestBatch batch) {
    batch.dropCommands();
    int added = in.readableBytes();
    if (failure == null && data.length - end < added) {
      makeRoom(added, batch);
    }
    if (failure == null) {
      in.readBytes(data, end, added);
      end += added;
    }
  }

  /** Gives the memory back; the decoder is not used again. */
  void release() {
    memory.reserve(-data.length);
    data = new byte[0];
  }

  private void makeRoom(int added, RequestBatch batch) {
    int kept = end - start;
    int needed = Math.addExact(kept, added);
    byte[] target = data;
    if (needed > data.length) {
      int capacity = capacityFor(needed);
      if (!memory.reserve(capacity - data.length)) {
        failure = ProtocolException.outOfMemory(memory);
        return;
      }
      target = new byte[capacity];
    }
    System.arraycopy(data, start, target, 0, kept);
    batch.rebase(target, start);
    position -= start;
    searched -= start;
    end = kept;
    start = 0;
    data = target;
  }

  /**
   * Leaves room to grow, up to a large argument's announced length: the doublings on the way there
   * are saved. But most of it is only believed when a quarter of it has arrived.
   */
  private int capacityFor(int needed) {
    long announced = bulkLength < 0 ? 0 : (long) position - start + bulkLength + 2;
    long wanted = Math.max(needed + (long) (needed >> 1), Math.min(announced, 4L * needed));
    return Math.clamp(wanted, MIN_CAPACITY, Math.max(needed, 1 << 30));
  }

  /**
   * Replaces the commands of {@code batch} by the next complete ones.
   *
   * @param maxCommands stop after so many
   * @param authenticated whether the full limits apply
   */
  void decode(RequestBatch batch, int maxCommands, boolean authenticated) {
    batch.dropCommands();
    if (failure != null) {
      return;
    }
    try {
      boolean more = true;
      while (more && position < end && batch.commands() < maxCommands) {
        if (missingBulks > 0) {
          more = readBulk(batch, authenticated);
        } else if (data[position] == '*') {
          more = readArrayHeader(authenticated);
        } else {
          more = readInline(batch);
        }
      }
      if (end - start > maxRequestBytes && batch.commands() == 0) {
        throw new ProtocolException("request is longer than " + maxRequestBytes + " bytes");
      }
    } catch (ProtocolException e) {
      failure = e;
    }
    if (start == end) {
      start = 0;
      position = 0;
      searched = 0;
      end = 0;
      if (data.length > KEPT_CAPACITY && batch.commands() == 0) {
        release();
        batch.rebase(data, 0);
      }
    }
  }

  private boolean readArrayHeader(boolean authenticated) throws ProtocolException {
    if (!readNumberLine("too big mbulk count string", "invalid multibulk length")) {
      return false;
    }
    if (number > MAX_ARGUMENTS) {
      throw new ProtocolException("invalid multibulk length");
    }
    if (number > MAX_ARGUMENTS_BEFORE_AUTH && !authenticated) {
      throw new ProtocolException("unauthenticated multibulk length");
    }
    missingBulks = (int) Math.max(0, number);
    if (missingBulks == 0) {
      start = position;
    }
    return true;
  }

  private boolean readBulk(RequestBatch batch, boolean authenticated) throws ProtocolException {
    if (bulkLength < 0) {
      if (data[position] != '$') {
        throw new ProtocolException("expected '$', got '" + printable(data[position]) + "'");
      }
      if (!readNumberLine("too big bulk count string", "invalid bulk length")) {
        return false;
      }
      if (number < 0 || number > maxBulkBytes) {
        throw new ProtocolException("invalid bulk length");
      }
      if (number > MAX_BULK_BYTES_BEFORE_AUTH && !authenticated) {
        throw new ProtocolException("unauthenticated bulk length");
      }
      bulkLength = (int) number;
    }
    if (end - position < bulkLength + 2L) {
      return false;
    }
    batch.addArgument(position, bulkLength);
    position += bulkLength + 2;
    searched = position;
    bulkLength = -1;
    if (--missingBulks == 0) {
      batch.endCommand();
      start = position;
    }
    return true;
  }

  /**
   * Reads the number behind the type byte at {@link #position} and the end of its line.
   *
   * @return false when the line has not arrived whole
   */
  private boolean readNumberLine(String tooLong, String invalid) throws ProtocolException {
    int at = Math.max(searched, position + 1);
    while (at < end && data[at] != '\r') {
      at++;
    }
    searched = at;
    if (at + 1 >= end) {
      if (at == end && at - position > MAX_INLINE_BYTES) {
        throw new ProtocolException(tooLong);
      }
      return false;
    }
    if (!parseNumber(position + 1, at)) {
      throw new ProtocolException(invalid);
    }
    position = at + 2;
    searched = position;
    return true;
  }

  /** Parses a decimal as strictly as Redis does: no plus sign, no leading zeros, no blanks. */
  private boolean parseNumber(int from, int to) {
    boolean negative = from < to && data[from] == '-';
    int at = negative ? from + 1 : from;
    int digits = to - at;
    if (digits == 0 || digits > 18 || (data[at] == '0' && (digits > 1 || negative))) {
      return false;
    }
    long value = 0;
    for (; at < to; at++) {
      int digit = data[at] - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      value = 10 * value + digit;
    }
    number = negative ? -value : value;
    return true;
  }

  private boolean readInline(RequestBatch batch) throws ProtocolException {
    int at = Math.max(searched, position);
    while (at < end && data[at] != '\n') {
      at++;
    }
    searched = at;
    if (at == end) {
      if (end - position > MAX_INLINE_BYTES) {
        throw new ProtocolException("too big inline request");
      }
      return false;
    }
    int lineEnd = at > position && data[at - 1] == '\r' ? at - 1 : at;
    if (InlineSplitter.split(data, position, lineEnd, batch)) {
      batch.endCommand();
    }
    position = at + 1;
    searched = position;
    start = position;
    return true;
  }

  private static String printable(byte b) {
    return b >= 0 ? String.valueOf((char) b) : "\\x%02x".formatted(b & 0xff);
  }
}
