package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Takes values into arrays. */
final class ArraySink implements ValueSink {
  final byte[] @Nullable [] values;
  private MemorySegment next = MemorySegment.NULL;

  ArraySink(int keys) {
    values = new byte[keys][];
  }

  @Override
  public MemorySegment segment() {
    return next;
  }

  @Override
  public long begin(int n, int valueBytes) {
    byte[] value = new byte[valueBytes];
    values[n] = value;
    next = MemorySegment.ofArray(value);
    return 0;
  }

  @Override
  public void startOver() {
    Arrays.fill(values, null);
  }

  @Override
  public void missing(int n) {
    values[n] = null;
  }

  @Override
  public void wrongType(int n, ValueType found) {
    throw new AssertionError(found);
  }
}
