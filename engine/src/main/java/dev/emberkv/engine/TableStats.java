package dev.emberkv.engine;

/**
 * A reading of what a table holds and did since the store was opened or the table was cleared.
 *
 * @param rows how many rows it has
 * @param notAdmitted ids of pushes that did not get a row, see {@link FeatureAdmission}; each as
 *     often as that happened
 * @param counterBytes DRAM taken by counts of ids that have no row
 */
public record TableStats(long rows, long notAdmitted, long counterBytes) {}
