package dev.emberkv.compaction;

/**
 * A place in the log: the number of a granule of the volume, 38 bits wide, which spans 8 TiB.
 *
 * <p>Segments lie in the volume one behind the other, so a location is {@code segment *
 * granulesPerSegment + granule in the segment}, and also the file offset in granules. The index
 * keeps locations as cold ones of its own {@link dev.emberkv.index.Location}.
 */
final class LogLocation {
  /** Width of a location. */
  static final int BITS = 38;

  /** How much of a volume locations can reach. */
  static final long MAX_VOLUME_BYTES = (1L << BITS) * RecordFormat.GRANULE_BYTES;

  private static final int GRANULE_SHIFT =
      Integer.numberOfTrailingZeros(RecordFormat.GRANULE_BYTES);

  private LogLocation() {}

  /** Returns the location at an offset of the volume, a multiple of a granule. */
  static long ofFileOffset(long fileOffset) {
    assert fileOffset >= 0 && fileOffset < MAX_VOLUME_BYTES : fileOffset;
    assert (fileOffset & (RecordFormat.GRANULE_BYTES - 1)) == 0 : fileOffset;
    return fileOffset >>> GRANULE_SHIFT;
  }

  /** Returns the offset in the volume, in bytes. */
  static long fileOffset(long location) {
    return location << GRANULE_SHIFT;
  }

  /** Returns the offset in the volume of the page that holds the location. */
  static long pageOffset(long location) {
    return fileOffset(location) & -RecordFormat.PAGE_BYTES;
  }

  /** Returns the offset of the location in its page, in bytes. */
  static int offsetInPage(long location) {
    return (int) (fileOffset(location) & (RecordFormat.PAGE_BYTES - 1));
  }
}
