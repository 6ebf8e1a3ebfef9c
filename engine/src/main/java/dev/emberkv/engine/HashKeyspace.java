package dev.emberkv.engine;

import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The hashes among the string keys of a database: under one key, fields with values, both
 * binary-safe.
 *
 * <p>A small hash is one value. When it outgrows {@link #MAX_INLINE_BYTES} its fields become rows
 * of their own, in DRAM or on the device as each is used, and from then on a call costs the fields
 * that it names and not the size of the hash. It stays so until the key is gone.
 *
 * <p>Thread-safe, and each call sees and changes all of its fields at once; after a crash all of a
 * change is there or nothing. A key without fields does not exist. Calls throw {@link
 * WrongTypeException} when the key's value is no hash.
 *
 * <p>On a thread that {@linkplain Store#refuseToWait refuses to wait}, every call may throw {@link
 * WouldWaitException} and has changed nothing then.
 */
public interface HashKeyspace {
  /** From which size on fields are rows of their own: names, values and 8 bytes for each. */
  int MAX_INLINE_BYTES = 64 << 10;

  /** The longest field in bytes. A value has at most {@link StringKeyspace#MAX_VALUE_BYTES}. */
  int MAX_FIELD_BYTES = StringKeyspace.MAX_KEY_BYTES;

  /**
   * How many hashes of a store can have rows. Those beyond stay one value each, of at most {@link
   * StringKeyspace#MAX_VALUE_BYTES}.
   */
  int MAX_HASHES_WITH_ROWS = 60_000;

  /** Returns the value of a field, or null when field or key are missing. */
  byte @Nullable [] get(byte[] key, byte[] field);

  /**
   * Hands the values of fields to a sink in their order. Those in DRAM are copied once, those on
   * the device are read together.
   */
  void getAll(byte[] key, StringBatch fields, ValueSink sink);

  /**
   * Sets fields; of a duplicate the last value stays.
   *
   * @return how many of them are new
   * @throws IllegalArgumentException when key, field or value are over their caps
   */
  int put(byte[] key, StringBatch fields);

  /**
   * Replaces the value of a field by what a function makes of it. No other change of the hash comes
   * in between.
   *
   * @param change takes the value, null for a field that is missing, and returns the one to write,
   *     or null to leave all as it is. It may be called again; the last call counts. It must not
   *     call the store.
   */
  void update(byte[] key, byte[] field, UnaryOperator<byte @Nullable []> change);

  /** Deletes fields and returns how many there were; with the last one the key is gone. */
  int delete(byte[] key, byte[][] fields);

  /** Returns the number of fields, 0 when the key is missing. */
  long size(byte[] key);

  /**
   * Visits all fields as they are at one time; the hash is not changed meanwhile.
   *
   * @param size learns first how many there are
   */
  void forEach(byte[] key, LongConsumer size, FieldVisitor visitor);

  /**
   * Visits some fields and returns the position to go on from, 0 at the end; the promise is that of
   * {@link StringKeyspace#scan}.
   *
   * @param wanted stop after about so many fields, or earlier when their values are long
   */
  long scan(byte[] key, long cursor, int wanted, FieldVisitor visitor);

  /**
   * Visits fields chosen at random, in a hash with rows nearly evenly.
   *
   * @param count how many
   * @param distinct whether a field is to come once at most, so that there may be fewer
   */
  void sample(byte[] key, int count, boolean distinct, FieldVisitor visitor);

  /** Returns what the hash is like, or null when the key is missing. */
  @Nullable HashShape shape(byte[] key);
}
