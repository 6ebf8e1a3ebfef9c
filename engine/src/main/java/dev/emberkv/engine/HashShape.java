package dev.emberkv.engine;

/**
 * What a hash is like.
 *
 * @param fields how many it has
 * @param longestBytes the longest field or value; of a hash with rows, one of a sample
 * @param bytes what fields and values take together; of a hash with rows, an estimate from a sample
 * @param hasRows whether each field is a row of its own
 */
public record HashShape(long fields, int longestBytes, long bytes, boolean hasRows) {}
