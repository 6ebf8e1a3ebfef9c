package dev.emberkv.engine;

/** What the value of a string key is to those who read and write it. */
public enum ValueType {
  /** Bytes. */
  STRING(0),

  /** A hash whose fields all stand in the value. */
  HASH(1),

  /** A hash whose fields are rows of their own; the value says where, see {@link HashKeyspace}. */
  HASH_ROWS(2);

  private static final ValueType[] BY_CODE = values();

  /** How it is stored. */
  final int code;

  ValueType(int code) {
    this.code = code;
  }

  /** Returns the type of a code; of one that was misread in a race, any type. */
  static ValueType ofCode(int code) {
    return code < BY_CODE.length ? BY_CODE[code] : STRING;
  }
}
