package dev.emberkv.bench.replay;

import java.util.SplittableRandom;

/**
 * How well embeddings rank what was held out: the share of pairs (held-out item, item that the user
 * never had) in which the held-out one scores higher, a tie counting one half; the mean over users.
 * That is the AUC of Rendle et al., section 6.
 *
 * <p>The other items are a random sample, one for a group of users, from which each user's own
 * items are left out; the mean over users is an unbiased estimate.
 *
 * <p>Not thread-safe: an instance measures once.
 */
public final class HeldOutAuc {
  private static final int GROUP = 1024;
  private static final int SAMPLED_ITEMS = 1024;

  private final Interactions interactions;
  private final EmbeddingMap users;
  private final EmbeddingMap items;
  private final int dim;
  private final SplittableRandom random;
  private final int[] group = new int[GROUP];
  private final int[] sample = new int[SAMPLED_ITEMS];
  private final long[] ids = new long[Math.max(GROUP, SAMPLED_ITEMS)];
  private final float[] userRows;
  private final float[] heldOutRows;
  private final float[] sampleRows;
  private double sum;
  private int measuredUsers;

  private HeldOutAuc(
      Interactions interactions, EmbeddingMap users, EmbeddingMap items, int dim, long seed) {
    this.interactions = interactions;
    this.users = users;
    this.items = items;
    this.dim = dim;
    this.random = new SplittableRandom(seed);
    this.userRows = new float[GROUP * dim];
    this.heldOutRows = new float[GROUP * dim];
    this.sampleRows = new float[SAMPLED_ITEMS * dim];
  }

  /**
   * Measures.
   *
   * @param seed seed of the sample
   * @return 0.5 for random embeddings, 1 for perfect ones, NaN when there is nothing to compare
   */
  public static double measure(
      Interactions interactions, EmbeddingMap users, EmbeddingMap items, int dim, long seed) {
    return new HeldOutAuc(interactions, users, items, dim, seed).measure();
  }

  private double measure() {
    int filled = 0;
    for (int user = 0; user < interactions.users(); user++) {
      if (interactions.heldOut(user) != Interactions.NONE) {
        group[filled++] = user;
      }
      if (filled == GROUP || user == interactions.users() - 1) {
        addGroup(filled);
        filled = 0;
      }
    }
    return sum / measuredUsers;
  }

  private void addGroup(int count) {
    for (int i = 0; i < count; i++) {
      ids[i] = interactions.userId(group[i]);
    }
    users.read(ids, count, userRows);
    for (int i = 0; i < count; i++) {
      ids[i] = interactions.itemId(interactions.heldOut(group[i]));
    }
    items.read(ids, count, heldOutRows);
    for (int i = 0; i < SAMPLED_ITEMS; i++) {
      sample[i] = random.nextInt(interactions.items());
      ids[i] = interactions.itemId(sample[i]);
    }
    items.read(ids, SAMPLED_ITEMS, sampleRows);
    for (int i = 0; i < count; i++) {
      addUser(i);
    }
  }

  private void addUser(int place) {
    int user = group[place];
    double heldOutScore = DotProduct.of(userRows, place * dim, heldOutRows, place * dim, dim);
    int pairs = 0;
    double won = 0;
    for (int i = 0; i < SAMPLED_ITEMS; i++) {
      int item = sample[i];
      if (item != interactions.heldOut(user) && !interactions.isPositive(user, item)) {
        double score = DotProduct.of(userRows, place * dim, sampleRows, i * dim, dim);
        won += heldOutScore > score ? 1 : heldOutScore == score ? 0.5 : 0;
        pairs++;
      }
    }
    if (pairs > 0) {
      sum += won / pairs;
      measuredUsers++;
    }
  }
}
