package dev.emberkv.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The writer of replies in RESP2 or RESP3, whichever the client asked for.
 *
 * <p>Replies grow in an array of the thread that executes; {@link #drain} copies them once, to the
 * buffer that goes to the socket. A reply that outgrows its bound throws {@link
 * ReplyTooLargeException}, and the caller takes it back with {@link #truncate}.
 *
 * <p>Not thread-safe.
 */
final class RespEncoder {
  private static final int INITIAL_CAPACITY = 16 << 10;
  private static final int KEPT_CAPACITY = 1 << 20;
  private static final byte[] OK = "+OK\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NIL_BULK = "$-1\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NULL = "_\r\n".getBytes(StandardCharsets.US_ASCII);

  private final int maxReplyBytes;
  private byte[] out = new byte[INITIAL_CAPACITY];
  private int size;
  private int replyStart;
  private boolean resp3;

  RespEncoder(int maxReplyBytes) {
    this.maxReplyBytes = maxReplyBytes;
  }

  /** A reply that is over its bound. */
  static final class ReplyTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReplyTooLargeException(int limit) {
      super("ERR the reply is longer than " + limit + " bytes", null, false, false);
    }
  }

  /** Chooses the protocol version for what follows. */
  void protocol(int version) {
    resp3 = version >= 3;
  }

  /** Returns the number of bytes written and not drained. */
  int size() {
    return size;
  }

  /** Declares that a reply starts here; its bound counts from here. */
  void beginReply() {
    replyStart = size;
  }

  /** Takes back everything behind the first {@code newSize} bytes. */
  void truncate(int newSize) {
    assert newSize <= size;
    size = newSize;
  }

  /** Moves everything written to a fresh buffer, which the caller owns; null when there is none. */
  @Nullable ByteBuf drain(ByteBufAllocator allocator) {
    if (size == 0) {
      return null;
    }
    ByteBuf buffer = allocator.directBuffer(size, size);
    buffer.writeBytes(out, 0, size);
    size = 0;
    replyStart = 0;
    if (out.length > KEPT_CAPACITY) {
      out = new byte[INITIAL_CAPACITY];
    }
    return buffer;
  }

  /** Writes {@code +OK}. */
  void ok() {
    raw(OK);
  }

  /** Writes a simple string, which has no line breaks. */
  void simple(String text) {
    line('+', text);
  }

  /** Writes an error that starts with its code; line breaks become blanks, as in Redis. */
  void error(String message) {
    line('-', message.replace('\r', ' ').replace('\n', ' '));
  }

  /** Writes an integer. */
  void integer(long value) {
    number(':', value);
  }

  /** Writes the null of the protocol version. */
  void nil() {
    raw(resp3 ? NULL : NIL_BULK);
  }

  /** Writes a truth value: a boolean in RESP3, an integer in RESP2. */
  void bool(boolean value) {
    if (resp3) {
      line('#', value ? "t" : "f");
    } else {
      integer(value ? 1 : 0);
    }
  }

  /** Writes a double: of its own type in RESP3, a bulk string in RESP2. */
  void real(double value) {
    String text = RowText.number(value);
    if (resp3) {
      line(',', text);
    } else {
      bulk(text);
    }
  }

  /** Writes a bulk string. */
  void bulk(byte[] value) {
    bulk(value, 0, value.length);
  }

  /** Writes a bulk string. */
  void bulk(byte[] source, int offset, int length) {
    number('$', length);
    reserve(length + 2);
    System.arraycopy(source, offset, out, size, length);
    size += length;
    lineEnd();
  }

  /** Writes a bulk string in UTF-8. */
  void bulk(String text) {
    bulk(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Writes a bulk string, or the null when there is none. */
  void bulkOrNil(byte @Nullable [] value) {
    if (value == null) {
      nil();
    } else {
      bulk(value);
    }
  }

  /**
   * Writes a bulk string whose bytes the caller puts into the returned segment before it writes
   * anything else.
   */
  MemorySegment bulkSegment(int length) {
    number('$', length);
    reserve(length + 2);
    MemorySegment segment = MemorySegment.ofArray(out).asSlice(size, length);
    size += length;
    lineEnd();
    return segment;
  }

  /** Writes text for people: verbatim in RESP3, a bulk string in RESP2. */
  void verbatim(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (resp3) {
      number('=', bytes.length + 4L);
      raw("txt:".getBytes(StandardCharsets.US_ASCII));
      raw(bytes);
      reserve(2);
      lineEnd();
    } else {
      bulk(bytes);
    }
  }

  /** Starts an array; its elements follow. */
  void array(int elements) {
    number('*', elements);
  }

  /** Starts a set, in RESP2 an array; its elements follow. */
  void set(int elements) {
    number(resp3 ? '~' : '*', elements);
  }

  /** Starts a map, in RESP2 an array of twice as many; keys and values follow in turns. */
  void map(int entries) {
    number(resp3 ? '%' : '*', resp3 ? entries : 2L * entries);
  }

  private void line(char type, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    reserve(bytes.length + 3);
    out[size++] = (byte) type;
    System.arraycopy(bytes, 0, out, size, bytes.length);
    size += bytes.length;
    lineEnd();
  }

  private void number(char type, long value) {
    reserve(24);
    out[size++] = (byte) type;
    if (value >= 0 && value < 10) {
      out[size++] = (byte) ('0' + value);
    } else {
      digits(value);
    }
    lineEnd();
  }

  /**
   * Writes a decimal from its last digit to its first, in negative numbers for MIN_VALUE's sake.
   */
  private void digits(long value) {
    long rest = value < 0 ? value : -value;
    int length = value < 0 ? 1 : 0;
    long probe = rest;
    do {
      length++;
      probe /= 10;
    } while (probe != 0);
    int at = size + length;
    do {
      out[--at] = (byte) ('0' - rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (value < 0) {
      out[--at] = '-';
    }
    assert at == size;
    size += length;
  }

  private void raw(byte[] bytes) {
    reserve(bytes.length);
    System.arraycopy(bytes, 0, out, size, bytes.length);
    size += bytes.length;
  }

  /** Ends a line; there is room for it. */
  private void lineEnd() {
    out[size] = '\r';
    out[size + 1] = '\n';
    size += 2;
  }

  private void reserve(int bytes) {
    long needed = (long) size + bytes;
    if (needed - replyStart > maxReplyBytes) {
      throw new ReplyTooLargeException(maxReplyBytes);
    }
    if (needed > out.length) {
      out = Arrays.copyOf(out, (int) Math.max(needed, Math.min(2L * out.length, 1 << 30)));
    }
  }
}
