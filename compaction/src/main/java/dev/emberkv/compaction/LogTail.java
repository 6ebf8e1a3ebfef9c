package dev.emberkv.compaction;

/**
 * Where the log of an existing volume goes on.
 *
 * @param endOffset offset in the open segment behind the last whole page
 * @param records records before it
 * @param lastSequence highest sequence before it
 */
record LogTail(int endOffset, long records, long lastSequence) {}
