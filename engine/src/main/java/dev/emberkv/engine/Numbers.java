package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;
import java.lang.foreign.MemorySegment;

/**
 * Converts the embeddings of a table between their number format and f32, with vector code where
 * that pays, and the same bits either way.
 *
 * <p>Immutable. Addresses are absolute and need no alignment.
 */
final class Numbers {
  private final Dtype dtype;
  private final int dim;
  private final boolean vectors;

  Numbers(Dtype dtype, int dim) {
    this(dtype, dim, Vectors.ENABLED);
  }

  /** Converts with vector code or without. */
  Numbers(Dtype dtype, int dim, boolean vectors) {
    this.dtype = dtype;
    this.dim = dim;
    this.vectors = vectors;
  }

  /** Writes an embedding as {@code dim} f32 values. */
  void decode(long embedding, long floats) {
    MemorySegment all = RawMemory.all();
    switch (dtype) {
      case F32 -> RawMemory.copy(embedding, floats, 4L * dim);
      case F16 -> {
        int done = vectors ? VectorNumbers.halfToFloat(embedding, floats, dim) : 0;
        ScalarNumbers.halfToFloat(all, embedding, all, floats, done, dim);
      }
      case BF16 -> {
        int done = vectors ? VectorNumbers.bfloatToFloat(embedding, floats, dim) : 0;
        ScalarNumbers.bfloatToFloat(all, embedding, all, floats, done, dim);
      }
      case I8 -> {
        int done = 0;
        if (vectors) {
          float scale = RawMemory.getFloat(embedding + dim);
          float offset = RawMemory.getFloat(embedding + dim + Float.BYTES);
          done = VectorNumbers.bytesToFloat(embedding, floats, dim, scale, offset);
        }
        ScalarNumbers.bytesToFloat(all, embedding, all, floats, done, dim);
      }
    }
  }

  /** Writes {@code dim} f32 values as an embedding, each rounded to the nearest number there is. */
  void encode(long floats, long embedding) {
    MemorySegment all = RawMemory.all();
    switch (dtype) {
      case F32 -> RawMemory.copy(floats, embedding, 4L * dim);
      case F16 -> {
        int done = vectors ? VectorNumbers.floatToHalf(floats, embedding, dim) : 0;
        ScalarNumbers.floatToHalf(all, floats, all, embedding, done, dim);
      }
      case BF16 -> {
        int done = vectors ? VectorNumbers.floatToBfloat(floats, embedding, dim) : 0;
        ScalarNumbers.floatToBfloat(all, floats, all, embedding, done, dim);
      }
      case I8 -> quantize(floats, embedding);
    }
  }

  private void quantize(long floats, long embedding) {
    MemorySegment all = RawMemory.all();
    int whole = vectors ? VectorNumbers.wholeVectors(dim) : 0;
    float low = vectors ? VectorNumbers.least(floats, dim) : Float.POSITIVE_INFINITY;
    float high = vectors ? VectorNumbers.greatest(floats, dim) : Float.NEGATIVE_INFINITY;
    low = ScalarNumbers.least(all, floats, whole, dim, low);
    high = ScalarNumbers.greatest(all, floats, whole, dim, high);
    ScalarNumbers.putRange(all, embedding, dim, low, high);
    float scale = RawMemory.getFloat(embedding + dim);
    int done = 0;
    if (vectors && scale > 0) {
      float offset = RawMemory.getFloat(embedding + dim + Float.BYTES);
      done = VectorNumbers.floatToBytes(floats, embedding, dim, scale, offset);
    }
    ScalarNumbers.floatToBytes(all, floats, all, embedding, done, dim);
  }
}
