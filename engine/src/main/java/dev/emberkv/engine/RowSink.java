package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where a lookup puts rows: the caller's segment, in the form that was asked for.
 *
 * <p>Not thread-safe.
 */
sealed interface RowSink {
  /** Writes the row whose payload is at an address, as the n-th. */
  void give(long payload, long row);

  /** Writes the initial row of a key as the n-th. */
  void giveInitial(long key, long row);

  /** Rows as they are stored, without the optimizer's state. */
  final class Stored implements RowSink {
    private final RowInitializer initializer;
    private final MemorySegment rows;
    private final int rowBytes;

    Stored(RowInitializer initializer, MemorySegment rows) {
      this.initializer = initializer;
      this.rows = rows;
      this.rowBytes = initializer.rowBytes();
    }

    @Override
    public void give(long payload, long row) {
      RawMemory.copy(payload, rows, row * rowBytes, rowBytes);
    }

    @Override
    public void giveInitial(long key, long row) {
      initializer.write(key, rows, row * rowBytes);
    }
  }

  /** Rows as f32, whatever they are stored as. */
  final class Floats implements RowSink, AutoCloseable {
    private final RowInitializer initializer;
    private final Numbers numbers;
    private final MemorySegment rows;
    private final int floatBytes;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment floats;
    private final MemorySegment initial;

    Floats(RowInitializer initializer, TableSpec spec, MemorySegment rows) {
      this.initializer = initializer;
      this.numbers = new Numbers(spec.dtype(), spec.dim());
      this.rows = rows;
      this.floatBytes = spec.dim() * Float.BYTES;
      this.floats = arena.allocate(floatBytes, 64);
      this.initial = arena.allocate(spec.rowBytes(), 64);
    }

    @Override
    public void give(long payload, long row) {
      numbers.decode(payload, floats.address());
      RawMemory.copy(floats.address(), rows, row * floatBytes, floatBytes);
    }

    @Override
    public void giveInitial(long key, long row) {
      initializer.write(key, initial, 0);
      give(initial.address(), row);
    }

    @Override
    public void close() {
      arena.close();
    }
  }
}
