package dev.emberkv.engine;

/** The number format of a table's embeddings. */
public enum Dtype {
  /** IEEE 754 binary32. */
  F32(0, 4),
  /** IEEE 754 binary16. */
  F16(1, 2),
  /** The upper half of a binary32. */
  BF16(2, 2),
  /** Signed bytes, behind them the row's scale and offset as two binary32 values. */
  I8(3, 1);

  /** What stands for the format in files; never changes. */
  final byte code;

  private final int elementBytes;

  Dtype(int code, int elementBytes) {
    this.code = (byte) code;
    this.elementBytes = elementBytes;
  }

  /** Returns the width of an embedding of {@code dim} elements, in bytes. */
  public int rowBytes(int dim) {
    return this == I8 ? dim + 2 * Float.BYTES : dim * elementBytes;
  }

  /** Returns the format with a code. */
  static Dtype ofCode(int code) {
    for (Dtype dtype : values()) {
      if (dtype.code == code) {
        return dtype;
      }
    }
    throw new IllegalStateException("no number format has the code " + code);
  }
}
