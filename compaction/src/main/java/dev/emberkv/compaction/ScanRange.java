package dev.emberkv.compaction;

import org.jspecify.annotations.Nullable;

/**
 * What there is to scan in a segment, as it was at one moment.
 *
 * @param number number of the segment
 * @param header its identity, or null when that is lost
 * @param footer its footer, or null when it is open or the footer is lost
 * @param headerDamage what is wrong with the header page, or null
 * @param footerOffset where the footer page lies in the segment
 * @param endOffset how far to scan
 * @param open whether the segment is the open one
 */
record ScanRange(
    int number,
    @Nullable SegmentHeader header,
    @Nullable SegmentFooter footer,
    @Nullable String headerDamage,
    int footerOffset,
    int endOffset,
    boolean open) {
  static ScanRange of(Segment segment, int writtenOffset) {
    boolean open = segment.state() == Segment.State.OPEN;
    SegmentFooter footer = segment.footer();
    int end = segment.footerOffset();
    if (open) {
      end = Math.min(writtenOffset, end);
    } else if (footer != null) {
      end = (int) Math.min(footer.dataEndBytes(), end);
    }
    return new ScanRange(
        segment.number(),
        segment.header(),
        footer,
        segment.headerDamage(),
        segment.footerOffset(),
        end,
        open);
  }
}
