package dev.emberkv.peers.run;

/**
 * How long the parts of a run take, about: for the progress bar.
 *
 * @param plan what is run
 */
record Schedule(Plan plan) {
  private static final double LOADED_ROWS_PER_MILLI = 150;
  private static final long START_MILLIS = 1000;

  long limitFileBytes() {
    return plan.quick() ? 256L << 20 : 2L << 30;
  }

  double limitSeconds() {
    return plan.quick() ? 0.3 : 2;
  }

  long limitsMillis() {
    double transfer = limitFileBytes() / 1e9 * 2; // written and read
    return (long) (plan.rounds() * 1000 * (transfer + 1.5 * limitSeconds() + 0.2));
  }

  long loadMillis() {
    return START_MILLIS + (long) (plan.rows() / LOADED_ROWS_PER_MILLI);
  }

  long openMillis() {
    return START_MILLIS;
  }

  long warmMillis() {
    return (long) (1000 * (plan.warmSeconds() + 4 * plan.sliceSeconds()));
  }

  long sliceMillis() {
    return (long) (1000 * plan.sliceSeconds() * 1.3); // drawing keys is not measured
  }

  long watchMillis() {
    return (long) (1000 * plan.watchSeconds());
  }

  long totalMillis() {
    long total = limitsMillis() + plan.peers().size() * loadMillis();
    for (Budget budget : plan.budgets()) {
      long peers = plan.peers(budget).size();
      total += peers * (2 * openMillis() + warmMillis());
      total += (plan.rounds() + 1L) * (peers + 1) * plan.works(budget).size() * sliceMillis();
    }
    return total + plan.peers(Budget.QUARTER).size() * (2 * openMillis() + watchMillis());
  }
}
