package dev.emberkv.compaction;

/**
 * What tells the contents of a sealed segment from all others that ever were or will be in its
 * place.
 *
 * @param segment number of the segment
 * @param generation of its use
 * @param salt of its use
 * @param seal random number that was chosen when it was sealed: a crash may bring the open segment
 *     back, and the same use then ends with other records
 */
public record DigestId(int segment, long generation, long salt, long seal) {
  static DigestId of(SegmentFooter footer) {
    SegmentHeader header = footer.header();
    return new DigestId(header.segment(), header.generation(), header.salt(), footer.seal());
  }
}
