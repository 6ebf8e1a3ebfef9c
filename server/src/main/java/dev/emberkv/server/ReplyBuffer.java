package dev.emberkv.server;

import dev.emberkv.uring.RawMemory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of replies on their way to the socket, in direct buffers that go to it as they are: a
 * value is copied once, from the engine's memory to here.
 *
 * <p>Small pieces gather in a buffer until it is full; a large piece gets one of its own. Not
 * thread-safe. It owns its buffers until {@link #drain} hands them over or {@link #truncate}
 * releases them.
 */
final class ReplyBuffer {
  /** Pieces of this size get a buffer of their own. */
  static final int LARGE_BYTES = 32 << 10;

  private static final int FIRST_CAPACITY = 16 << 10;
  private static final int NEXT_CAPACITY = 64 << 10;

  private final ByteBufAllocator allocator;
  private final int maxReplyBytes;
  private final List<ByteBuf> parts = new ArrayList<>();
  private long partsBytes;

  /** The buffer that gathers small pieces; null until there is one. */
  private @Nullable ByteBuf tail;

  private long tailAddress;
  private int tailCapacity;
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
    if (tailCapacity - tailBytes < bytes) {
      addTail(bytes);
    }
    checkBound(bytes);
  }

  private void addTail(int bytes) {
    int capacity = parts.isEmpty() && tailBytes == 0 ? FIRST_CAPACITY : NEXT_CAPACITY;
    ByteBuf fresh = allocate(Math.max(capacity, bytes));
    endTail();
    tail = fresh;
    tailAddress = addressOf(fresh);
    tailCapacity = fresh.capacity();
  }

  /** Writes a byte into the room that was reserved. */
  void put(int b) {
    assert tailBytes < tailCapacity;
    RawMemory.putByte(tailAddress + tailBytes++, (byte) b);
  }

  /** Writes bytes of any number. */
  void put(byte[] source, int offset, int length) {
    RawMemory.copy(MemorySegment.ofArray(source), offset, claim(length), length);
  }

  /**
   * Appends bytes that the caller writes before anything else is written.
   *
   * @return the address of the first
   */
  long claim(int length) {
    if (length >= LARGE_BYTES) {
      return addressOf(largePart(length).writerIndex(length));
    }
    reserve(length);
    long address = tailAddress + tailBytes;
    tailBytes += length;
    return address;
  }

  /** Returns where a buffer starts; its memory stays where it is until the buffer is released. */
  private static long addressOf(ByteBuf buffer) {
    return buffer.hasMemoryAddress()
        ? buffer.memoryAddress()
        : MemorySegment.ofBuffer(buffer.internalNioBuffer(0, buffer.capacity())).address();
  }

  /** Appends bytes that the caller puts into the returned segment before it writes anything. */
  MemorySegment segment(int length) {
    long address = claim(length);
    return RawMemory.all().asSlice(address, length);
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
    endTail();
    List<ByteBuf> drained = List.copyOf(parts);
    parts.clear();
    partsBytes = 0;
    replyStart = 0;
    return drained;
  }

  private void endTail() {
    ByteBuf ended = tail;
    if (ended == null) {
      return;
    }
    if (tailBytes == 0) {
      ended.release();
    } else {
      parts.add(ended.writerIndex(tailBytes));
      partsBytes += tailBytes;
    }
    tail = null;
    tailCapacity = 0;
    tailBytes = 0;
  }

  private ByteBuf largePart(int length) {
    checkBound(length);
    endTail();
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
