package dev.emberkv.server;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of replies on their way to the socket.
 *
 * <p>Small pieces gather in an array of the thread that executes; it spills into a direct buffer
 * when it is full, so the heap holds {@link #SPILL_BYTES} at most. A large piece gets a direct
 * buffer of its own at once, which the engine can fill in place: its rows go from the slab or the
 * device to the socket's buffer without a copy between.
 *
 * <p>Not thread-safe. It owns its buffers until {@link #drain} hands them over or {@link #truncate}
 * releases them.
 */
final class ReplyBuffer {
  /** Pieces of this size get a buffer of their own. */
  static final int LARGE_BYTES = 32 << 10;

  private static final int INITIAL_CAPACITY = 16 << 10;
  private static final int SPILL_BYTES = 256 << 10;

  private final ByteBufAllocator allocator;
  private final int maxReplyBytes;
  private final List<ByteBuf> parts = new ArrayList<>();
  private long partsBytes;
  private byte[] tail = new byte[INITIAL_CAPACITY];
  private int tailBytes;
  private long replyStart;

  /** Makes an empty buffer whose replies may have so many bytes each. */
  ReplyBuffer(ByteBufAllocator allocator, int maxReplyBytes) {
    this.allocator = allocator;
    this.maxReplyBytes = maxReplyBytes;
  }

  /** Returns the number of bytes written and not drained. */
  long size() {
    return partsBytes + tailBytes;
  }

  /** Declares that a reply starts here; its bound counts from here. */
  void beginReply() {
    replyStart = size();
  }

  /** Makes room for a small piece, whose bytes {@link #put(int)} then writes. */
  void reserve(int bytes) {
    assert bytes < LARGE_BYTES : bytes + " bytes are not a small piece";
    checkBound(bytes);
    if (tail.length - tailBytes < bytes) {
      if (tailBytes + bytes > SPILL_BYTES) {
        spill();
      } else {
        tail = Arrays.copyOf(tail, Math.max(2 * tail.length, tailBytes + bytes));
      }
    }
  }

  /** Writes a byte into the room that was reserved. */
  void put(int b) {
    tail[tailBytes++] = (byte) b;
  }

  /** Writes bytes of any number. */
  void put(byte[] source, int offset, int length) {
    if (length >= LARGE_BYTES) {
      largePart(length).writeBytes(source, offset, length);
    } else {
      reserve(length);
      System.arraycopy(source, offset, tail, tailBytes, length);
      tailBytes += length;
    }
  }

  /** Appends bytes that the caller puts into the returned segment before it writes anything. */
  MemorySegment segment(int length) {
    if (length >= LARGE_BYTES) {
      ByteBuf part = largePart(length).writerIndex(length);
      return MemorySegment.ofBuffer(part.nioBuffer(0, length));
    }
    reserve(length);
    MemorySegment segment = MemorySegment.ofArray(tail).asSlice(tailBytes, length);
    tailBytes += length;
    return segment;
  }

  /** Takes back everything behind the first {@code newSize} bytes. */
  void truncate(long newSize) {
    assert newSize >= 0 && newSize <= size() : newSize + " of " + size();
    tailBytes = (int) Math.max(0, newSize - partsBytes);
    while (partsBytes > newSize) {
      ByteBuf last = parts.getLast();
      long start = partsBytes - last.readableBytes();
      if (start >= newSize) {
        parts.removeLast().release();
        partsBytes = start;
      } else {
        last.writerIndex((int) (newSize - start));
        partsBytes = newSize;
      }
    }
  }

  /** Returns everything written, in order; the caller owns the buffers. */
  List<ByteBuf> drain() {
    if (tailBytes > 0) {
      spill();
    }
    List<ByteBuf> drained = List.copyOf(parts);
    parts.clear();
    partsBytes = 0;
    replyStart = 0;
    return drained;
  }

  private void spill() {
    ByteBuf part = allocate(tailBytes);
    part.writeBytes(tail, 0, tailBytes);
    parts.add(part);
    partsBytes += tailBytes;
    tailBytes = 0;
  }

  private ByteBuf largePart(int length) {
    checkBound(length);
    if (tailBytes > 0) {
      spill();
    }
    ByteBuf part = allocate(length);
    parts.add(part);
    partsBytes += length;
    return part;
  }

  private ByteBuf allocate(int bytes) {
    try {
      return allocator.directBuffer(bytes, bytes);
    } catch (OutOfMemoryError e) {
      // Direct memory is used up by replies that clients do not take; the heap is not concerned.
      throw new CommandException("OOM no memory is left for a reply of " + bytes + " bytes");
    }
  }

  private void checkBound(int added) {
    if (size() - replyStart + added > maxReplyBytes) {
      throw new CommandException("ERR the reply is longer than " + maxReplyBytes + " bytes");
    }
  }
}
