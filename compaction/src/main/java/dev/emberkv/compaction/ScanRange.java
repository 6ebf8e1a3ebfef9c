package dev.emberkv.compaction;

import org.jspecify.annotations.Nullable;

/**
 * What there is to scan in a segment, as it was at one moment.
 *
 * @param number number of the segment
 * @param header its identity, or null when that is lost
 * @param footer its footer, or null when it is open or lost
 * @param headerDamage what is wrong with the header page, or null
 * @param footerOffset where the footer page lies in the segment
 * @param endOffset how far to scan
 * @param whole whether that is all that the segment will ever hold
 */
record ScanRange(
    int number,
    @Nullable SegmentHeader header,
    @Nullable SegmentFooter footer,
    @Nullable String headerDamage,
    int footerOffset,
    int endOffset,
    boolean whole) {
  /** Returns the generation of the use, or 0 when its identity is lost. */
  long generation() {
    return header == null ? 0 : header.generation();
  }

  /** Returns whether the contents will never change, and have a name that no others have. */
  boolean hasDigest() {
    return whole && headerDamage == null && footer != null && footer.seal() != 0;
  }

  /**
   * Describes a segment.
   *
   * @param writtenBytes how much of it is on the device, up to the end of a record; anything from
   *     the size of the segment on when all is
   */
  static ScanRange of(Segment segment, long writtenBytes) {
    SegmentFooter footer = segment.footer();
    int end = segment.footerOffset();
    if (footer != null) {
      end = (int) Math.min(footer.dataEndBytes(), end);
    }
    boolean open = segment.state() == Segment.State.OPEN;
    return new ScanRange(
        segment.number(),
        segment.header(),
        footer,
        segment.headerDamage(),
        segment.footerOffset(),
        Math.clamp(writtenBytes, 0, end),
        !open && writtenBytes > segment.footerOffset());
  }
}
