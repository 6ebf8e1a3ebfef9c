package dev.emberkv.engine;

import dev.emberkv.index.KeyHash;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The ways to read the rows of a {@link FieldTable}.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}; whether what was read is of one time is
 * for the caller to find out.
 */
final class FieldReads {
  /** What is read from the device at once has about so many bytes. */
  static final long BATCH_BYTES = 4L << 20;

  private static final int FIRST_BATCH = 32;
  private static final int MAX_BATCH = 8_192;
  private static final int SCAN_STEP = 512;
  private static final int TRIES_PER_FIELD = 16;
  private static final int SHAPE_SAMPLE = 16;

  /** A field's chance to be drawn depends on so many fields in front of it, not on the one. */
  private static final int WINDOW = 8;

  /** Positions of a scan are positive. */
  private static final int CURSOR_SHIFT = 8;

  private final FieldTable table;
  private final Tiers tiers;
  private final Guard guard;
  private final long hashSeed;

  FieldReads(FieldTable table, Tiers tiers, Guard guard, long hashSeed) {
    this.table = table;
    this.tiers = tiers;
    this.guard = guard;
    this.hashSeed = hashSeed;
  }

  private StringCopy copyOf(byte[] data, int offset, int length) {
    long hash = KeyHash.ofBytes(data, offset, length, hashSeed);
    return new StringCopy(new RowKey.Text().of(hash, data, offset, length), true);
  }

  /** Returns the number of fields. */
  long size() {
    return table.size();
  }

  /** Returns the value of a field, or null. */
  byte @Nullable [] get(byte[] field) {
    StringCopy copy = copyOf(field, 0, field.length);
    if (!new StringLookup(table.rows, tiers, guard).read(copy)) {
      return null;
    }
    table.noteValue(copy.value().length);
    return copy.value();
  }

  /** Hands the values of fields to a sink: straight from DRAM, and in batches from the device. */
  void getAll(StringBatch fields, ValueSink sink) {
    int next = 0;
    while (next < fields.size()) {
      next = new HotStrings(table.rows, guard, fields, sink).run(next, hashSeed);
      if (next < fields.size()) {
        next = getTogether(fields, next, sink);
      }
    }
  }

  private int getTogether(StringBatch fields, int from, ValueSink sink) {
    int most = Math.min(MAX_BATCH, fields.size() - from);
    StringCopy[] copies = new StringCopy[table.rowsWithin(BATCH_BYTES, FIRST_BATCH, most)];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = copyOf(fields.data(), fields.keyOffset(from + i), fields.keyBytes(from + i));
    }
    byte[] @Nullable [] values = new byte[copies.length][];
    new StringLookup(table.rows, tiers, guard)
        .readAll(
            copies,
            (i, copy) -> {
              values[i] = copy.value();
              table.noteValue(copy.value().length);
            });
    for (int i = 0; i < values.length; i++) {
      byte[] value = values[i];
      if (value == null) {
        sink.missing(from + i);
      } else {
        StringLookup.hand(sink, from + i, value, 0, value.length);
      }
    }
    return from + copies.length;
  }

  /** Visits some fields from a position on; returns the next one, 0 at the end. */
  long scan(long cursor, int wanted, FieldVisitor visitor) {
    int step = table.rowsWithin(BATCH_BYTES, FIRST_BATCH, wanted);
    return StringScan.fields(
        table.rows,
        cursor,
        step,
        (field, value) -> {
          table.noteValue(value.length);
          visitor.field(field, value);
        });
  }

  /** Visits fields behind random positions. */
  void sample(int count, boolean distinct, FieldVisitor visitor) {
    Random random = ThreadLocalRandom.current();
    long size = table.size();
    if (distinct && count >= size / 2) {
      sampleMost(count, random, visitor);
      return;
    }
    Set<ByteBuffer> seen = new HashSet<>();
    int visited = 0;
    for (long tries = (long) TRIES_PER_FIELD * count; visited < count && tries > 0; tries--) {
      List<byte[][]> some = behind(random.nextLong() >>> CURSOR_SHIFT);
      if (some.isEmpty()) {
        return;
      }
      byte[][] chosen = some.get(random.nextInt(some.size()));
      if (!distinct || seen.add(ByteBuffer.wrap(chosen[0]))) {
        visitor.field(chosen[0], chosen[1]);
        visited++;
      }
    }
    if (distinct && visited < count) {
      visitOthers(count - visited, seen, visitor);
    }
  }

  /** Visits fields that chance has passed over. */
  private void visitOthers(int count, Set<ByteBuffer> seen, FieldVisitor visitor) {
    int[] left = {count};
    long cursor = 0;
    do {
      cursor =
          scan(
              cursor,
              SCAN_STEP,
              (field, value) -> {
                if (left[0] > 0 && seen.add(ByteBuffer.wrap(field))) {
                  visitor.field(field, value);
                  left[0]--;
                }
              });
    } while (cursor != 0 && left[0] > 0);
  }

  /** Returns some fields behind a position, of which one is to be drawn. */
  private List<byte[][]> behind(long position) {
    List<byte[][]> some = new ArrayList<>();
    FieldVisitor taker = (field, value) -> some.add(new byte[][] {field, value});
    long next = StringScan.fields(table.rows, position, WINDOW, taker);
    if (next == 0 && some.size() < WINDOW) {
      var _ = StringScan.fields(table.rows, 0, WINDOW - some.size(), taker);
    }
    return some;
  }

  /** Goes over all fields and chooses each with the chance that gives the wanted number. */
  private void sampleMost(int count, Random random, FieldVisitor visitor) {
    List<byte[]> all = new ArrayList<>();
    long cursor = 0;
    do {
      cursor = scan(cursor, SCAN_STEP, (field, value) -> all.add(field));
    } while (cursor != 0);
    Collections.shuffle(all, random);
    for (byte[] field : all.subList(0, Math.min(count, all.size()))) {
      byte[] value = get(field);
      if (value != null) {
        visitor.field(field, value);
      }
    }
  }

  /** Returns what a sample of the fields says. */
  HashShape shape() {
    long fields = table.size();
    long[] sums = new long[3];
    sample(
        SHAPE_SAMPLE,
        false,
        (field, value) -> {
          sums[0]++;
          sums[1] += field.length + value.length;
          sums[2] = Math.max(sums[2], Math.max(field.length, value.length));
        });
    long bytes = sums[0] == 0 ? 0 : fields * sums[1] / sums[0];
    return new HashShape(fields, (int) sums[2], bytes, true);
  }
}
