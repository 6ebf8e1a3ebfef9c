package dev.emberkv.engine;

import java.util.Arrays;

/**
 * What the log says about a keyspace of string keys: which database it is.
 *
 * @param database its number
 * @param previousDatabase the number it had before, the same if none
 */
record StringsDefinition(int database, int previousDatabase) {
  /** Encodes it as a table definition, see {@link TableCodec#isStrings}. */
  byte[] encode() {
    byte[] start = TableCodec.encodeStrings();
    byte[] encoded = Arrays.copyOf(start, start.length + 2);
    encoded[start.length] = (byte) database;
    encoded[start.length + 1] = (byte) previousDatabase;
    return encoded;
  }

  /** Decodes what {@link #encode} made; the first release wrote no more than the kind. */
  static StringsDefinition decode(byte[] definition) {
    int at = TableCodec.encodeStrings().length;
    return definition.length == at
        ? new StringsDefinition(0, 0)
        : new StringsDefinition(definition[at], definition[at + 1]);
  }
}
