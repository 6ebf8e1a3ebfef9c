package dev.emberkv.peers.store;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Off-heap space for a batch: packed keys and packed rows, with a view of each key and row made
 * ahead for stores that take one buffer each.
 *
 * <p>Not thread-safe.
 */
public final class RowBuffers {
  private static final int CACHE_LINE_BYTES = 64;

  private final int count;
  private final int rowBytes;
  private final MemorySegment keys;
  private final MemorySegment rows;
  private final List<ByteBuffer> keyViews;
  private final List<ByteBuffer> rowViews;

  /**
   * Allocates.
   *
   * @param count keys, and rows
   * @param rowBytes width of a row
   */
  public RowBuffers(int count, int rowBytes) {
    this.count = count;
    this.rowBytes = rowBytes;
    Arena arena = Arena.ofAuto();
    keys = arena.allocate((long) count * Long.BYTES, CACHE_LINE_BYTES);
    rows = arena.allocate((long) count * rowBytes, CACHE_LINE_BYTES);
    keyViews = views(keys, Long.BYTES);
    rowViews = views(rows, rowBytes);
  }

  private List<ByteBuffer> views(MemorySegment segment, int bytes) {
    List<ByteBuffer> views = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      ByteBuffer view = segment.asSlice((long) i * bytes, bytes).asByteBuffer();
      views.add(view.order(ByteOrder.nativeOrder()));
    }
    return views;
  }

  /** Returns how many keys there are. */
  public int count() {
    return count;
  }

  /** Returns the width of a row. */
  public int rowBytes() {
    return rowBytes;
  }

  /** Returns the packed keys. */
  public MemorySegment keys() {
    return keys;
  }

  /** Returns the packed rows. */
  public MemorySegment rows() {
    return rows;
  }

  /** Returns a key. */
  public long key(int index) {
    return keys.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  /** Sets a key. */
  public void key(int index, long key) {
    keys.setAtIndex(ValueLayout.JAVA_LONG, index, key);
  }

  /** Returns where a row starts among the rows. */
  public long offset(int index) {
    return (long) index * rowBytes;
  }

  /** Returns one key as a buffer at its start. */
  ByteBuffer keyView(int index) {
    return keyViews.get(index).clear();
  }

  /** Returns one row as a buffer at its start. */
  ByteBuffer rowView(int index) {
    return rowViews.get(index).clear();
  }

  /** Returns the keys {@code from} to {@code to - 1}, each at its start. */
  List<ByteBuffer> keyViews(int from, int to) {
    return cleared(keyViews, from, to);
  }

  /** Returns the rows {@code from} to {@code to - 1}, each at its start. */
  List<ByteBuffer> rowViews(int from, int to) {
    return cleared(rowViews, from, to);
  }

  private static List<ByteBuffer> cleared(List<ByteBuffer> views, int from, int to) {
    List<ByteBuffer> range = views.subList(from, to);
    range.forEach(ByteBuffer::clear);
    return range;
  }
}
