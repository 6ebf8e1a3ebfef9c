package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A lookup whose rows are pooled bag by bag: reads pieces of the batch into memory that stays in
 * the processor's cache, and sums them there.
 *
 * <p>Not thread-safe; one per call.
 */
final class PooledLookup implements AutoCloseable {
  private static final ValueLayout.OfInt OFFSET =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What the rows of a piece take as f32. */
  private static final int PIECE_BYTES = 256 << 10;

  private static final int MIN_PIECE_ROWS = 64;

  private final Pooling pooling;
  private final MemorySegment keys;
  private final MemorySegment offsets;
  private final MemorySegment weights;
  private final MemorySegment pooled;
  private final long bags;
  private final long rows;
  private final int floatBytes;
  private final int pieceRows;
  private final BagSums sums;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment piece;
  private final MemorySegment pieceWeights;
  private final long sum;
  private long bag;

  /**
   * Checks the arguments of {@link Table#pool}.
   *
   * @throws IllegalArgumentException when they do not fit together
   */
  PooledLookup(
      int dim,
      Pooling pooling,
      MemorySegment keys,
      MemorySegment offsets,
      MemorySegment weights,
      MemorySegment pooled) {
    this.pooling = pooling;
    this.keys = keys;
    this.offsets = offsets;
    this.weights = weights;
    this.pooled = pooled;
    this.rows = RowTable.countOf(keys);
    this.bags = offsets.byteSize() / Integer.BYTES;
    this.floatBytes = dim * Float.BYTES;
    this.pieceRows = Math.max(MIN_PIECE_ROWS, PIECE_BYTES / floatBytes);
    this.sums = new BagSums(dim);
    check();
    this.piece = arena.allocate((long) pieceRows * floatBytes, 64);
    this.pieceWeights = arena.allocate((long) pieceRows * Float.BYTES, 64);
    this.sum = arena.allocate(floatBytes, 64).address();
  }

  private void check() {
    if (offsets.byteSize() % Integer.BYTES != 0) {
      throw new IllegalArgumentException(
          "offsets has %d bytes, which is not whole 4-byte numbers".formatted(offsets.byteSize()));
    }
    if (weights.byteSize() != 0 && weights.byteSize() != rows * Float.BYTES) {
      throw new IllegalArgumentException(
          "weights has %d bytes, %d keys have %d"
              .formatted(weights.byteSize(), rows, rows * Float.BYTES));
    }
    if (pooled.byteSize() < bags * floatBytes) {
      throw new IllegalArgumentException(
          "pooled has %d bytes, %d bags of %d bytes need %d"
              .formatted(pooled.byteSize(), bags, floatBytes, bags * floatBytes));
    }
    if (bags == 0 && rows > 0) {
      throw new IllegalArgumentException(rows + " keys are in no bag: there are no offsets");
    }
    long before = 0;
    for (long i = 0; i < bags; i++) {
      long offset = start(i);
      if (offset < before || offset > rows || (i == 0 && offset != 0)) {
        throw new IllegalArgumentException(
            "offset %d is %d; offsets start at 0, do not fall, and are at most the %d keys"
                .formatted(i, offset, rows));
      }
      before = offset;
    }
  }

  /** Returns where a bag starts among the keys; the one behind the last starts at their end. */
  private long start(long index) {
    return index == bags
        ? rows
        : Integer.toUnsignedLong(offsets.get(OFFSET, index * Integer.BYTES));
  }

  /** Reads the rows of some keys as f32. */
  @FunctionalInterface
  interface Reader {
    void read(MemorySegment pieceKeys, MemorySegment floats);
  }

  /** Reads all rows and pools them. */
  void run(Reader reader) {
    beginBag();
    for (long first = 0; first < rows; first += pieceRows) {
      int count = (int) Math.min(pieceRows, rows - first);
      reader.read(
          keys.asSlice(first * Long.BYTES, (long) count * Long.BYTES),
          piece.asSlice(0, (long) count * floatBytes));
      if (weights.byteSize() != 0) {
        MemorySegment.copy(
            weights, first * Float.BYTES, pieceWeights, 0, (long) count * Float.BYTES);
      }
      addPiece(first, count);
    }
    while (bag < bags) {
      endBag();
    }
  }

  private void addPiece(long first, int count) {
    for (int at = 0; at < count; ) {
      while (start(bag + 1) <= first + at) {
        endBag();
      }
      int to = (int) Math.min(count, start(bag + 1) - first);
      long address = weights.byteSize() == 0 ? 0 : pieceWeights.address() + (long) at * Float.BYTES;
      sums.add(sum, piece.address() + (long) at * floatBytes, to - at, address);
      at = to;
    }
  }

  private void beginBag() {
    RawMemory.clear(sum, floatBytes);
  }

  private void endBag() {
    long size = start(bag + 1) - start(bag);
    if (pooling == Pooling.MEAN && size > 1) {
      sums.scale(sum, (float) (1.0 / size));
    }
    RawMemory.copy(sum, pooled, bag * floatBytes, floatBytes);
    bag++;
    beginBag();
  }

  @Override
  public void close() {
    arena.close();
  }
}
