package dev.emberkv.engine;

/**
 * What the rows of one batch of writes carry.
 *
 * @param sequence the batch's number; of two versions of a row the higher one counts
 * @param time wall clock in seconds since 1970
 */
record Stamp(long sequence, int time) {}
