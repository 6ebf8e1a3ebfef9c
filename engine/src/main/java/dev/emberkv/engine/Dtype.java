package dev.emberkv.engine;

/** The number format of a table's embeddings. */
public enum Dtype {
  /** IEEE 754 binary32. */
  F32(4),
  /** IEEE 754 binary16. */
  F16(2),
  /** The upper half of a binary32. */
  BF16(2),
  /** Signed bytes, behind them the row's scale and offset as two binary32 values. */
  I8(1);

  private final int elementBytes;

  Dtype(int elementBytes) {
    this.elementBytes = elementBytes;
  }

  /** Returns the width of an embedding of {@code dim} elements, in bytes. */
  public int rowBytes(int dim) {
    return this == I8 ? dim + 2 * Float.BYTES : dim * elementBytes;
  }
}
