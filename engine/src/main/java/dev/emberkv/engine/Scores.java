package dev.emberkv.engine;

/**
 * How much the rows of a table are worth, by how often they were shown and clicked lately, and
 * which of them {@link Table#shrink} drops: those with a score below a threshold, and those that no
 * push has reached for a number of periods.
 *
 * <p>The shows and clicks of a row are sums over its pushes, each worth {@code decay} times as much
 * with every period that has begun since. With s shows and c clicks, decayed to now, the score is
 * {@code nonClick * (s - c) + click * c}. That is the rule of Paddle's CtrCommonAccessor
 * (paddle/fluid/distributed/ps/table/ctr_accessor.cc: ShowClickScore and Shrink), where the decay
 * is applied to all rows in each run of shrink; here it follows from the time alone.
 *
 * <p>A row that was put and not pushed since has no score, and is only dropped when it was not
 * written for too long.
 *
 * @param nonClick what a show without a click is worth
 * @param click what a click is worth
 * @param decay what is left of them after a period, above 0 and 1 at most
 * @param threshold rows with a lower score go
 * @param unseenPeriods rows go when more periods than these have begun since their last push
 * @param periodSeconds how long a period is; they begin at multiples of that since 1970
 */
public record Scores(
    double nonClick,
    double click,
    double decay,
    double threshold,
    int unseenPeriods,
    long periodSeconds) {
  /** Paddle's defaults; a period is a day. */
  public static final Scores DEFAULT = new Scores(0.1, 1, 0.98, 0.8, 30, 86_400);

  /** Checks the ranges. */
  public Scores {
    requireFinite("a show without a click", nonClick);
    requireFinite("a click", click);
    requireFinite("the threshold", threshold);
    if (!(decay > 0 && decay <= 1)) {
      throw new IllegalArgumentException("the decay is above 0 and 1 at most, not " + decay);
    }
    if (unseenPeriods < 1) {
      throw new IllegalArgumentException(
          "rows go after 1 period without a push or more, not " + unseenPeriods);
    }
    if (periodSeconds < 1 || periodSeconds > Expiry.MAX_TTL_SECONDS) {
      throw new IllegalArgumentException(
          "a period has 1 to %d seconds, not %d".formatted(Expiry.MAX_TTL_SECONDS, periodSeconds));
    }
  }

  private static void requireFinite(String what, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(what + " must be worth a finite number, not " + value);
    }
  }
}
