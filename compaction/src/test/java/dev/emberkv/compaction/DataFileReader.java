package dev.emberkv.compaction;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A second reader of the format, written from {@code docs/DATA_FILE.md} and sharing nothing with
 * the log: if the two disagree, the document or the log is wrong. It reads whole volumes that were
 * closed in good order.
 */
final class DataFileReader {
  private static final int PAGE = 4096;
  private static final long HEADER_MAGIC = magic("EMBERLOG");
  private static final long FOOTER_MAGIC = magic("EMBERFIN");
  private static final int PADDING = 127;
  private static final byte FREE = -1;

  private final ByteBuffer volume;
  private final Map<Long, Rec> records = new LinkedHashMap<>();

  private DataFileReader(byte[] image) {
    volume = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns all records by location, in the order in which they were written. */
  static Map<Long, Rec> read(byte[] image) {
    DataFileReader reader = new DataFileReader(image);
    int segmentBytes = reader.volume.getInt(52);
    List<Integer> used = new ArrayList<>();
    for (int base = 0; base < image.length; base += segmentBytes) {
      if (reader.isPage(base, HEADER_MAGIC) && reader.volume.get(base + 56) != FREE) {
        used.add(base);
      }
    }
    used.sort(Comparator.comparingLong(base -> reader.volume.getLong(base + 24)));
    for (int base : used) {
      reader.readSegment(base, segmentBytes);
    }
    return reader.records;
  }

  static int littleEndianInt(byte[] image, int offset) {
    return ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
  }

  private static long magic(String text) {
    long value = 0;
    for (int i = 7; i >= 0; i--) {
      value = value << 8 | text.charAt(i);
    }
    return value;
  }

  private boolean isPage(int offset, long magic) {
    CRC32C crc = new CRC32C();
    crc.update(volume.array(), offset, 12);
    crc.update(volume.array(), offset + 16, PAGE - 16);
    return volume.getLong(offset) == magic
        && volume.getInt(offset + 8) == 2
        && volume.getInt(offset + 12) == (int) crc.getValue();
  }

  private void readSegment(int base, int segmentBytes) {
    int footer = base + segmentBytes - PAGE;
    boolean sealed =
        isPage(footer, FOOTER_MAGIC)
            && volume.getLong(footer + 32) == volume.getLong(base + 32)
            && volume.getLong(footer + 64) != 0;
    int end = sealed ? base + (int) volume.getLong(footer + 64) : footer;
    long seed =
        mix(
            mix(mix(volume.getLong(base + 16)) ^ volume.getLong(base + 24))
                ^ volume.getLong(base + 32));
    for (int at = base + PAGE; at < end; ) {
      int stored = (32 + volume.getInt(at + 4) + 31) / 32 * 32;
      if (volume.getInt(at + 4) < 0 || at + stored > end || !isRecord(at, stored, seed)) {
        return;
      }
      if (volume.get(at + 26) != PADDING) {
        records.put(at / 32L, record(at));
      }
      at += stored;
    }
  }

  private boolean isRecord(int at, int stored, long seed) {
    CRC32C crc = new CRC32C();
    crc.update(volume.array(), at + 4, stored - 4);
    int mask = (int) (mix(seed + at / 32L * 0x9e3779b97f4a7c15L) >>> 32);
    return volume.getInt(at) == ((int) crc.getValue() ^ mask);
  }

  private Rec record(int at) {
    byte[] payload = Arrays.copyOfRange(volume.array(), at + 32, at + 32 + volume.getInt(at + 4));
    return new Rec(
        volume.getShort(at + 26),
        volume.getShort(at + 24) & 0xffff,
        volume.getLong(at + 8),
        volume.getLong(at + 16),
        volume.getInt(at + 28),
        payload);
  }

  private static long mix(long value) {
    long h = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    h = (h ^ h >>> 27) * 0x94d049bb133111ebL;
    return h ^ h >>> 31;
  }
}
