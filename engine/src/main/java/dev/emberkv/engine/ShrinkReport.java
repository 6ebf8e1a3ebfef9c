package dev.emberkv.engine;

/**
 * What the rules of a table's {@link Expiry} drop.
 *
 * @param rows how many rows there were
 * @param expired rows whose time to live is over
 * @param overCap rows beyond the most that the table may have; of those that have not expired
 */
public record ShrinkReport(long rows, long expired, long overCap) {}
