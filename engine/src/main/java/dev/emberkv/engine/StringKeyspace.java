package dev.emberkv.engine;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Binary-safe keys and values of any size up to a cap, for ordinary Redis use: one numbered
 * database of a store.
 *
 * <p>Thread-safe, and each call is atomic for each of its keys: a write that depends on what it
 * replaces sees no other write in between. Arrays are copied on the way in and fresh on the way
 * out.
 *
 * <p>A key may have a time to live; when it is over, every call takes the key for missing. Values
 * that are no strings (see {@link ValueType}) are for those who know what is in them: the calls on
 * plain strings throw {@link WrongTypeException} for them, and the writing ones replace them.
 *
 * <p>On a thread that {@linkplain Store#refuseToWait refuses to wait}, every call may throw {@link
 * WouldWaitException}; calls with one key have changed nothing then.
 */
public interface StringKeyspace {
  /** The longest key in bytes. */
  int MAX_KEY_BYTES = 64 << 10;

  /** The longest value in bytes. */
  int MAX_VALUE_BYTES = 8 << 20;

  /** Returns the value, or null when the key is missing. */
  byte @Nullable [] get(byte[] key);

  /**
   * Returns the values in the order of the keys, null where a key is missing or no string; one
   * batch of reads.
   */
  byte[] @Nullable [] getAll(byte[][] keys);

  /**
   * Reads values from the {@code from}-th key on until they have {@code maxBytes} together, in
   * batches that start small and grow while the values are short.
   *
   * @param values receives them, null where a key is missing or no string
   * @return the first key that was not read, at least {@code from + 1} unless there is none
   */
  int getAll(byte[][] keys, int from, byte[] @Nullable [] values, long maxBytes);

  /**
   * Reads keys that are in DRAM, from the {@code from}-th on, until one is not or the sink wants no
   * more. Never waits, and copies each value once.
   *
   * @return the first key that the sink has no answer for
   */
  int getHot(StringBatch keys, int from, ValueSink sink);

  /** Returns the value with what belongs to it, or null when the key is missing. */
  @Nullable StringEntry entry(byte[] key);

  /** Returns what is known of the key without its value, or null when it is missing. */
  @Nullable KeyInfo info(byte[] key);

  /** Returns the length of the value, or -1 when the key is missing. */
  int valueLength(byte[] key);

  /** Returns whether the key is there. */
  default boolean contains(byte[] key) {
    return info(key) != null;
  }

  /**
   * Returns how often a key was asked for lately, as far as the DRAM tier has counted: 0 to 15,
   * halved as time goes by. While DRAM has room for everything nothing is counted. 0 for a missing
   * key; in rare cases the count of another key that has the same hash tag.
   */
  int useCount(byte[] key);

  /**
   * Writes a string without a time to live, new or over an existing value of any type.
   *
   * @throws IllegalArgumentException when the key or the value is over its cap
   */
  void put(byte[] key, byte[] value);

  /** Writes values; of a duplicate key, the last value stays. */
  void putAll(byte[][] keys, byte[][] values);

  /**
   * Writes values from the {@code from}-th key on.
   *
   * @return the first key that was not written, because the thread refuses to wait; else the number
   *     of keys
   */
  int putAll(StringBatch batch, int from);

  /** Writes a value unless the key is there, and returns whether it did. */
  default boolean putIfAbsent(byte[] key, byte[] value) {
    boolean[] done = new boolean[1];
    StringEntry fresh = StringEntry.of(value);
    update(
        key,
        seen -> {
          done[0] = seen == null;
          return seen == null ? fresh : seen;
        });
    return done[0];
  }

  /** Writes a value if the key is there, and returns whether it did. */
  default boolean putIfPresent(byte[] key, byte[] value) {
    boolean[] done = new boolean[1];
    StringEntry fresh = StringEntry.of(value);
    update(
        key,
        seen -> {
          done[0] = seen != null;
          return seen == null ? null : fresh;
        });
    return done[0];
  }

  /**
   * Replaces an entry by what a function makes of it. No other write of the key comes in between.
   *
   * @param change takes the entry, null where the key is missing, and returns the one to write,
   *     null to delete the key, or what it was given to leave all as it is. When the store is
   *     nearly full it may be called again, with the entry of that time; the last call counts. It
   *     must not call the store.
   * @return what the function returned
   */
  @Nullable StringEntry update(byte[] key, UnaryOperator<@Nullable StringEntry> change);

  /** Returns the hashes among the keys. */
  HashKeyspace hashes();

  /**
   * Gives another key the entry of a key that is there, and the key's time to live with it. A hash
   * with rows is copied field by field: a caller who minds changes in between keeps others away.
   */
  void copy(byte[] key, StringKeyspace target, byte[] targetKey);

  /**
   * Gives another key the entry of a key that is there, which is gone then; a crash leaves one of
   * the two. Others may see both for a moment: a caller who minds keeps them away.
   */
  void rename(byte[] key, StringKeyspace target, byte[] targetKey);

  /** Deletes a key and returns whether it was there. */
  boolean delete(byte[] key);

  /** Deletes keys and returns how many there were. */
  long deleteAll(byte[][] keys);

  /**
   * Visits keys and returns the position to go on from, 0 at the end. Whoever begins with 0 and
   * goes on until 0 comes back meets every key that was there all the time, and none twice, however
   * long the pauses are and whatever happens meanwhile; keys that come, go or change may or may not
   * be met.
   *
   * @param cursor 0, or what an earlier call returned; any other number is a position, too
   * @param wanted stop after about so many keys; at least one step is made
   */
  long scan(long cursor, int wanted, KeyVisitor visitor);

  /** Returns the number of keys, with those whose time to live is over but are not yet deleted. */
  long size();

  /** Deletes all keys. */
  void clear();
}
