package dev.emberkv.bench.replay;

import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;

/**
 * Embeddings in a table of a store; one call is one batch.
 *
 * @param table of {@code f32} rows
 */
public record TableEmbeddings(Table table) implements EmbeddingMap {
  @Override
  public void read(long[] ids, int count, float[] rows) {
    table.lookup(keys(ids, count), content(rows, count), MemorySegment.NULL);
  }

  @Override
  public void write(long[] ids, int count, float[] rows) {
    table.put(keys(ids, count), content(rows, count));
  }

  private static MemorySegment keys(long[] ids, int count) {
    return MemorySegment.ofArray(ids).asSlice(0, (long) count * Long.BYTES);
  }

  private MemorySegment content(float[] rows, int count) {
    return MemorySegment.ofArray(rows).asSlice(0, (long) count * table.spec().rowBytes());
  }
}
