package dev.emberkv.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the log says about a keyspace of string keys: which database it is, or that it has the
 * fields of a hash, or the owners of such.
 *
 * @param database its number; {@link #FIELDS} and {@link #OWNERS} are none
 * @param previousDatabase the number it had before, the same if none
 * @param incarnation of the hash whose fields it has, else 0
 */
record StringsDefinition(int database, int previousDatabase, long incarnation) {
  /** The keyspace of one hash's fields, see {@link FieldTable}. */
  static final int FIELDS = -1;

  /** The keyspace that names the keys of the hashes, see {@link FieldTables}. */
  static final int OWNERS = -2;

  /** Defines the keyspace of a database. */
  static StringsDefinition ofDatabase(int database, int previousDatabase) {
    return new StringsDefinition(database, previousDatabase, 0);
  }

  /** Defines the keyspace of a hash's fields. */
  static StringsDefinition ofFields(long incarnation) {
    return new StringsDefinition(FIELDS, FIELDS, incarnation);
  }

  /** Defines the keyspace of the owners. */
  static StringsDefinition ofOwners() {
    return new StringsDefinition(OWNERS, OWNERS, 0);
  }

  /** Encodes it as a table definition, see {@link TableCodec#isStrings}. */
  byte[] encode() {
    byte[] start = TableCodec.encodeStrings();
    ByteBuffer out =
        ByteBuffer.allocate(start.length + 2 + (database == FIELDS ? Long.BYTES : 0))
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(start)
            .put((byte) database)
            .put((byte) previousDatabase);
    if (database == FIELDS) {
      out.putLong(incarnation);
    }
    return out.array();
  }

  /** Decodes what {@link #encode} made; the first release wrote no more than the kind. */
  static StringsDefinition decode(byte[] definition) {
    int at = TableCodec.encodeStrings().length;
    if (definition.length == at) {
      return ofDatabase(0, 0);
    }
    ByteBuffer in = ByteBuffer.wrap(definition).order(ByteOrder.LITTLE_ENDIAN).position(at);
    int database = in.get();
    int previousDatabase = in.get();
    return new StringsDefinition(database, previousDatabase, database == FIELDS ? in.getLong() : 0);
  }
}
