package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Counts the shows and clicks of a push into the rows that it reaches.
 *
 * <p>Immutable.
 *
 * @param shows packed f32 values, one for each key of the push; null for one show each
 * @param clicks the same; null for no clicks
 * @param timeSeconds the time of the push
 */
record ScoreStep(
    RowScore score,
    GradientBatch batch,
    @Nullable MemorySegment shows,
    @Nullable MemorySegment clicks,
    int timeSeconds) {
  /** Counts what came with the n-th id into its row's payload. */
  void apply(long payload, int n) {
    score.add(
        payload,
        shows == null ? batch.times(n) : batch.sum(n, shows),
        clicks == null ? 0 : batch.sum(n, clicks),
        timeSeconds);
  }
}
