package dev.emberkv.engine;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one hash as rows of a keyspace of their own. The value of the hash's key, its
 * header, names it: {@code u16} id of the keyspace, {@code u64} incarnation, little-endian. An
 * incarnation is never used again, so a header that outlived its fields can't be taken for another
 * hash's.
 *
 * <p>Changes are made under the lock of the owning key. Readers take none: a change of several rows
 * makes {@link #changes} odd for its time, one of a single row adds two behind it, and a reader of
 * several rows that finds another number afterwards starts over.
 */
final class FieldTable {
  static final int HEADER_BYTES = Short.BYTES + Long.BYTES;

  final Keyspace rows;
  final long incarnation;
  private final AtomicLong changes = new AtomicLong();
  private final AtomicInteger users = new AtomicInteger();

  /** Written under the lock of the owning key; null until there is one. */
  private volatile @Nullable Owner owner;

  /** The sequence number of the newest change. */
  private volatile long changedAt;

  /** The longest value that was come upon; racy, for sizing batches. */
  private volatile int longestBytes;

  /**
   * The key whose hash this is.
   *
   * @param keyspace the database's rows, which keep their identity when databases are swapped
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by identity.
  record Owner(Keyspace keyspace, byte[] key) {}

  FieldTable(Keyspace rows, long incarnation) {
    this.rows = rows;
    this.incarnation = incarnation;
  }

  /** Returns the value of the hash's key. */
  byte[] header() {
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) rows.id)
        .putLong(incarnation)
        .array();
  }

  /** Returns the keyspace that a header names. */
  static int keyspaceOf(byte[] header) {
    return header.length < HEADER_BYTES ? 0 : (header[0] & 0xff) | (header[1] & 0xff) << 8;
  }

  /** Returns whether a header names this table. */
  boolean isNamedBy(byte[] header) {
    return header.length == HEADER_BYTES
        && ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getLong(Short.BYTES)
            == incarnation;
  }

  @Nullable Owner owner() {
    return owner;
  }

  void owner(Owner newOwner) {
    owner = newOwner;
  }

  /** Makes it one that is nobody's, as its owner is no database. */
  void disown() {
    owner = new Owner(rows, new byte[0]);
  }

  /** Returns the number of fields. */
  long size() {
    return rows.index.size();
  }

  // Changes and readers

  /** Begins a change of several rows; {@link #endChange} follows. */
  void beginChange() {
    changes.setOpaque(changes.getPlain() + 1);
    VarHandle.fullFence(); // before the rows are changed
  }

  void endChange(long sequence) {
    changedAt = sequence;
    changes.setRelease(changes.getPlain() + 1);
  }

  /** Notes that one row has changed. */
  void noteChange(long sequence) {
    changedAt = sequence;
    changes.setRelease(changes.getPlain() + 2);
  }

  long changedAt() {
    return changedAt;
  }

  /** Returns what {@link #isUnchanged} compares. */
  long changes() {
    return changes.getAcquire();
  }

  /** Returns whether the rows read since are of one time. */
  boolean isUnchanged(long before) {
    VarHandle.acquireFence(); // behind the reading of the rows
    return changes.getOpaque() == before && !isOdd(before);
  }

  /** Returns whether one row that was read is not of a change that goes on. */
  boolean isBetweenChanges() {
    VarHandle.acquireFence();
    return !isOdd(changes.getOpaque());
  }

  private static boolean isOdd(long changes) {
    return (changes & 1) != 0;
  }

  // Sizes of batches

  void noteValue(int bytes) {
    if (bytes > longestBytes) {
      longestBytes = bytes;
    }
  }

  /** Returns how many rows to read at once so that they have about so many bytes. */
  int rowsWithin(long bytes, int unknown, int most) {
    int longest = longestBytes;
    return longest == 0 ? Math.min(unknown, most) : Math.clamp(bytes / longest, 1, most);
  }

  // Uses over several operations

  /** Keeps the rows in being beyond the caller's place in the epoch, until {@link #release}. */
  void retain() {
    users.incrementAndGet();
  }

  void release() {
    users.decrementAndGet();
  }

  boolean isUsed() {
    return users.get() > 0;
  }
}
