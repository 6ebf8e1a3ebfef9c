package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is known of one segment of a volume, apart from its bytes.
 *
 * <p>Not thread-safe: owned by {@link SegmentTable}, under the lock of {@link SegmentWriter}.
 */
final class Segment {
  /** Where the first record of a segment lies: behind the header page. */
  static final int DATA_START = PAGE_BYTES;

  /** What a segment is used for. */
  enum State {
    /** Holds nothing; may be taken for new records. */
    FREE,
    /** Is being filled. */
    OPEN,
    /** Was filled and has a footer. */
    SEALED
  }

  private final int number;
  private final int sizeBytes;
  private State state = State.FREE;
  private @Nullable SegmentHeader header;
  private @Nullable SegmentFooter footer;
  private @Nullable String headerDamage;
  private SegmentContents contents = new SegmentContents();

  /** Whether {@link #contents} tells of all records: not yet of those of an earlier process. */
  private boolean contentsKnown;

  /** Whether the disk space was given back to the file system. */
  private boolean trimmed;

  private long lastGeneration;

  /** Far before everything that is written now, in a segment that was there before. */
  private long basePosition = Long.MIN_VALUE / 2;

  Segment(int number, int sizeBytes) {
    this.number = number;
    this.sizeBytes = sizeBytes;
  }

  int number() {
    return number;
  }

  State state() {
    return state;
  }

  /** Returns the offset of the segment in the volume. */
  long fileOffset() {
    return (long) number * sizeBytes;
  }

  /** Returns the offset in the segment of the footer page, where records end at the latest. */
  int footerOffset() {
    return sizeBytes - PAGE_BYTES;
  }

  /** Returns the identity of the current use, or null when it is free or damaged beyond knowing. */
  @Nullable SegmentHeader header() {
    return header;
  }

  /** Returns the identity of the current use of a segment that is known to have one. */
  SegmentHeader identity() {
    return Objects.requireNonNull(header, "the segment has no readable header");
  }

  @Nullable SegmentFooter footer() {
    return footer;
  }

  /** Returns what is wrong with the header page, or null when nothing is. */
  @Nullable String headerDamage() {
    return headerDamage;
  }

  void open(SegmentHeader newHeader, long newBasePosition) {
    assert state == State.FREE : state;
    basePosition = newBasePosition;
    state = State.OPEN;
    header = newHeader;
    footer = null;
    headerDamage = null;
    lastGeneration = newHeader.generation();
    contents = new SegmentContents();
    contentsKnown = true;
  }

  void seal(SegmentFooter newFooter) {
    assert state == State.OPEN : state;
    state = State.SEALED;
    footer = newFooter;
  }

  /** Takes over what the header and footer pages of an existing volume say. */
  void restore(
      @Nullable SegmentHeader foundHeader,
      @Nullable SegmentFooter foundFooter,
      @Nullable String damage) {
    header = foundHeader;
    footer = foundFooter;
    headerDamage = damage;
    state = foundHeader == null && damage == null ? State.FREE : State.SEALED;
    lastGeneration = foundHeader == null ? 0 : foundHeader.generation();
  }

  /** Takes over that an existing volume says that the segment holds nothing. */
  void restoreFree(SegmentHeader found) {
    assert state == State.FREE && found.stream() == SegmentHeader.STREAM_FREE;
    lastGeneration = found.generation();
  }

  /** Ends the use, after the header on the device says so too. */
  void free(long generation) {
    assert state == State.SEALED : state;
    state = State.FREE;
    header = null;
    footer = null;
    headerDamage = null;
    basePosition = Long.MIN_VALUE / 2;
    lastGeneration = generation;
    contents = new SegmentContents();
    contentsKnown = false;
  }

  /** Returns the generation of the newest header, also if that says that the segment is free. */
  long lastGeneration() {
    return lastGeneration;
  }

  /** Returns the records of the current use. */
  SegmentContents contents() {
    return contents;
  }

  boolean contentsKnown() {
    return contentsKnown;
  }

  /** Notes that a scan has told {@link #contents} of all records. */
  void contentsAreKnown() {
    contentsKnown = true;
  }

  boolean trimmed() {
    return trimmed;
  }

  void trimmed(boolean nowTrimmed) {
    trimmed = nowTrimmed;
  }

  /** Returns the position of the segment's first byte; see {@link BlockWriter}. */
  long basePosition() {
    return basePosition;
  }

  /** Makes the newest segment of an existing volume, mended and without end, the open one. */
  void reopen() {
    assert state == State.SEALED && header != null;
    state = State.OPEN;
    basePosition = 0;
    footer = null;
    headerDamage = null;
  }
}
