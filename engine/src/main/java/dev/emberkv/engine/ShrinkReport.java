package dev.emberkv.engine;

/**
 * What the rules of a table's {@link Expiry} drop.
 *
 * @param rows how many rows there were
 * @param expired rows whose time to live is over
 * @param lowScore of the others, rows whose score is below the threshold, or that no push has
 *     reached for too long
 * @param overCap of those that are left, rows beyond the most that the table may have
 */
public record ShrinkReport(long rows, long expired, long lowScore, long overCap) {}
