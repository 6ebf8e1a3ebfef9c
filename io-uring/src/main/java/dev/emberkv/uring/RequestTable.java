package dev.emberkv.uring;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one ring from the moment they are taken until their handler hears of them, and
 * the decision whether a completion ends a request or only a part of it.
 *
 * <p>Owned by the queue's owner. A request is named by its slot, from 0 to the depth; the slot
 * travels through the kernel as the entry's user data. No allocation happens after construction.
 */
final class RequestTable {
  /** What {@link #complete} returns when the rest of the request must be submitted again. */
  static final int CONTINUE = Integer.MIN_VALUE;

  private final RequestKind[] kinds;
  private final @Nullable UringFile[] files;
  private final long[] fileOffsets;
  private final long[] addresses;
  private final int[] lengths;
  private final int[] moved;
  private final int[] fruitlessTries;
  private final long[] userData;

  private final int[] free;
  private int freeCount;

  RequestTable(int depth) {
    kinds = new RequestKind[depth];
    Arrays.fill(kinds, RequestKind.SYNC);
    files = new UringFile[depth];
    fileOffsets = new long[depth];
    addresses = new long[depth];
    lengths = new int[depth];
    moved = new int[depth];
    fruitlessTries = new int[depth];
    userData = new long[depth];
    free = new int[depth];
    Arrays.setAll(free, i -> depth - 1 - i);
    freeCount = depth;
  }

  int depth() {
    return free.length;
  }

  int inFlight() {
    return free.length - freeCount;
  }

  /** Takes a request and returns its slot. */
  int take(
      RequestKind kind,
      UringFile file,
      long fileOffset,
      long address,
      int lengthBytes,
      long requestUserData) {
    Transfers.checkRoom(inFlight(), free.length);
    int slot = free[--freeCount];
    kinds[slot] = kind;
    files[slot] = file;
    fileOffsets[slot] = fileOffset;
    addresses[slot] = address;
    lengths[slot] = lengthBytes;
    moved[slot] = 0;
    fruitlessTries[slot] = 0;
    userData[slot] = requestUserData;
    return slot;
  }

  /** Gives a slot back whose request has ended or never began. */
  void release(int slot) {
    assert files[slot] != null : "slot " + slot + " is in use";
    files[slot] = null;
    free[freeCount++] = slot;
  }

  /**
   * Takes the kernel's answer to a request, or to the rest of one.
   *
   * @param result bytes moved or a negative errno
   * @return {@link #CONTINUE}, or what the handler shall see
   */
  int complete(int slot, int result) {
    RequestKind kind = kinds[slot];
    if (kind == RequestKind.SYNC) {
      return result;
    }
    if (result == -Errno.EINTR || result == -Errno.EAGAIN) {
      return ++fruitlessTries[slot] < Transfers.MAX_FRUITLESS_TRIES ? CONTINUE : result;
    }
    if (result < 0) {
      return result;
    }
    assert result <= lengths[slot] - moved[slot] : "moved more than asked for";
    moved[slot] += result;
    if (moved[slot] == lengths[slot]) {
      return lengths[slot];
    }
    if (result == 0 || moved[slot] % file(slot).alignmentBytes() != 0) {
      // A read that stops inside a block has met the end of the file; a device has no such place.
      return kind == RequestKind.READ ? -Errno.ENODATA : -Errno.EIO;
    }
    fruitlessTries[slot] = 0;
    return CONTINUE;
  }

  RequestKind kind(int slot) {
    return kinds[slot];
  }

  UringFile file(int slot) {
    return Objects.requireNonNull(files[slot], "slot is in use");
  }

  long userData(int slot) {
    return userData[slot];
  }

  /** Returns where in the file the part that is still to move begins. */
  long nextFileOffset(int slot) {
    return fileOffsets[slot] + moved[slot];
  }

  /** Returns where in memory the part that is still to move begins. */
  long nextAddress(int slot) {
    return addresses[slot] + moved[slot];
  }

  int remainingBytes(int slot) {
    return lengths[slot] - moved[slot];
  }
}
