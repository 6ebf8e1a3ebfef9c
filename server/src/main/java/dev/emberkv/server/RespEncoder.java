package dev.emberkv.server;

import dev.emberkv.uring.RawMemory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The writer of replies in RESP2 or RESP3, whichever the client asked for.
 *
 * <p>A reply that outgrows its bound throws {@link CommandException}, and the caller takes it back
 * with {@link #truncate}. Not thread-safe.
 */
final class RespEncoder {
  private static final int MAX_ERROR_CHARACTERS = 512;
  private static final byte[] OK = "+OK\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NIL_BULK = "$-1\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NIL_ARRAY = "*-1\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NULL = "_\r\n".getBytes(StandardCharsets.US_ASCII);

  private final ReplyBuffer out;
  private boolean resp3;

  /** Makes an encoder whose replies may have so many bytes each. */
  RespEncoder(ByteBufAllocator allocator, int maxReplyBytes) {
    this.out = new ReplyBuffer(allocator, maxReplyBytes);
  }

  /** Returns whether the protocol version has types of its own for maps, doubles and the like. */
  boolean isResp3() {
    return resp3;
  }

  /** Chooses the protocol version for what follows. */
  void protocol(int version) {
    resp3 = version >= 3;
  }

  /** Returns the number of bytes written and not drained. */
  long size() {
    return out.size();
  }

  /** Declares that a reply starts here; its bound counts from here. */
  void beginReply() {
    out.beginReply();
  }

  /** Takes back everything behind the first {@code newSize} bytes. */
  void truncate(long newSize) {
    out.truncate(newSize);
  }

  /** Returns everything written, in order; the caller owns the buffers. */
  List<ByteBuf> drain() {
    return out.drain();
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
    String shown =
        message.length() > MAX_ERROR_CHARACTERS
            ? message.substring(0, MAX_ERROR_CHARACTERS) + "..."
            : message;
    line('-', shown.replace('\r', ' ').replace('\n', ' '));
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
    out.put(source, offset, length);
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
   * Starts a bulk string whose bytes the caller puts into the returned segment; {@link
   * #endBulkSegment} has to follow.
   */
  MemorySegment bulkSegment(int length) {
    number('$', length);
    return out.segment(length);
  }

  /** Ends a bulk string whose bytes are in their segment. */
  void endBulkSegment() {
    lineEnd();
  }

  /**
   * Writes a bulk string whose bytes the caller puts to the returned address before it writes
   * anything else.
   */
  long bulkAddress(int length) {
    number('$', length);
    long address = out.claim(length + 2);
    RawMemory.putByte(address + length, (byte) '\r');
    RawMemory.putByte(address + length + 1, (byte) '\n');
    return address;
  }

  /** Writes a bulk string that is a number. */
  void bulkInteger(long value) {
    bulk(Long.toString(value));
  }

  /** Writes the null of an array in the protocol version. */
  void nilArray() {
    raw(resp3 ? NULL : NIL_ARRAY);
  }

  /** Writes text for people: verbatim in RESP3, a bulk string in RESP2. */
  void verbatim(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (resp3) {
      number('=', bytes.length + 4L);
      raw("txt:".getBytes(StandardCharsets.US_ASCII));
      raw(bytes);
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
    out.reserve(1);
    out.put(type);
    raw(text.getBytes(StandardCharsets.UTF_8));
    lineEnd();
  }

  private void number(char type, long value) {
    out.reserve(24);
    out.put(type);
    if (value < 0) {
      out.put('-');
      digits(value);
    } else if (value < 10) {
      out.put((int) ('0' + value));
    } else {
      digits(-value);
    }
    out.put('\r');
    out.put('\n');
  }

  /** Writes the digits of a number that is not positive, for the sake of the smallest one. */
  private void digits(long negative) {
    long divisor = 1;
    while (negative / divisor <= -10) {
      divisor *= 10;
    }
    for (; divisor > 0; divisor /= 10) {
      out.put((int) ('0' - negative / divisor % 10));
    }
  }

  private void raw(byte[] bytes) {
    out.put(bytes, 0, bytes.length);
  }

  private void lineEnd() {
    out.reserve(2);
    out.put('\r');
    out.put('\n');
  }
}
