package dev.emberkv.bench.replay;

import java.util.SplittableRandom;
import java.util.function.BiFunction;

/**
 * Matrix factorization for implicit feedback, trained with the BPR loss: S. Rendle, C.
 * Freudenthaler, Z. Gantner, L. Schmidt-Thieme, "BPR: Bayesian Personalized Ranking from Implicit
 * Feedback", UAI 2009.
 *
 * <p>A triple is a user, an item that the user had and a random one that the user had not; its loss
 * is -ln sigmoid(u . (i - j)). Triples come in batches. A batch reads its different users and
 * items, goes through its triples in order, each seeing the changes of the ones before it, and
 * writes the rows back. So the outcome is that of plain SGD over the sequence of triples, whatever
 * the size of the batches, and it is the same number for number on any {@link EmbeddingMap}: sums
 * are in a fixed order and {@link StrictMath} gives the same bits everywhere.
 *
 * <p>Not thread-safe.
 */
public final class BprTrainer {
  /** Draws of a negative item before the user counts as one who had nearly all of them. */
  private static final int MAX_TRIES = 100;

  private final Interactions interactions;
  private final BprSettings settings;
  private final SplittableRandom random;
  private final RowBlock users;
  private final RowBlock items;
  private final Descent descent;
  private final int[] order;
  private final int[] negatives;
  private int next;
  private long rowsMoved;

  /** Prepares training by plain gradient descent on this side; nothing is read yet. */
  public BprTrainer(
      Interactions interactions, EmbeddingMap users, EmbeddingMap items, BprSettings settings) {
    this(
        interactions,
        users,
        items,
        settings,
        (userRows, itemRows) -> new RowDescent(userRows, itemRows, settings));
  }

  /** Prepares training by the optimizers of two tables; nothing is read yet. */
  public static BprTrainer pushing(
      Interactions interactions,
      TableEmbeddings users,
      TableEmbeddings items,
      BprSettings settings) {
    return new BprTrainer(
        interactions,
        users,
        items,
        settings,
        (userRows, itemRows) ->
            new PushDescent(userRows, users.table(), itemRows, items.table(), settings));
  }

  private BprTrainer(
      Interactions interactions,
      EmbeddingMap users,
      EmbeddingMap items,
      BprSettings settings,
      BiFunction<RowBlock, RowBlock, Descent> descents) {
    this.interactions = interactions;
    this.settings = settings;
    this.random = new SplittableRandom(settings.seed());
    int dim = settings.dim();
    this.users = new RowBlock(users, dim, interactions.users(), settings.batch());
    this.items = new RowBlock(items, dim, interactions.items(), 2 * settings.batch());
    this.descent = descents.apply(this.users, this.items);
    this.order = new int[interactions.trainCount()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    this.negatives = new int[settings.batch()];
    this.next = order.length; // the first step shuffles
  }

  /** Returns the rows that were read and written so far. */
  public long rowsMoved() {
    return rowsMoved;
  }

  /**
   * Trains on the next triples; an epoch that ends is followed by the next one in a new order.
   *
   * @param most the most triples
   * @return the sum of their losses, each before its own gradient step, and their number
   */
  public Step step(int most) {
    if (next == order.length) {
      shuffle();
      next = 0;
    }
    int count = Math.min(Math.min(most, settings.batch()), order.length - next);
    users.clear();
    items.clear();
    for (int k = 0; k < count; k++) {
      int user = interactions.trainUser(order[next + k]);
      int positive = interactions.trainItem(order[next + k]);
      negatives[k] = drawNegative(user);
      users.add(user, interactions.userId(user));
      items.add(positive, interactions.itemId(positive));
      items.add(negatives[k], interactions.itemId(negatives[k]));
    }
    users.read();
    items.read();
    double loss = 0;
    for (int k = 0; k < count; k++) {
      int line = order[next + k];
      loss +=
          descend(
              users.offset(interactions.trainUser(line)),
              items.offset(interactions.trainItem(line)),
              items.offset(negatives[k]));
    }
    descent.end();
    rowsMoved += 2L * (users.count() + items.count());
    next += count;
    return new Step(count, loss);
  }

  /**
   * What a step did.
   *
   * @param triples how many it trained on
   * @param lossSum the sum of their losses
   */
  public record Step(int triples, double lossSum) {}

  /** Fisher-Yates. */
  private void shuffle() {
    for (int i = order.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
  }

  /** A uniformly random item that the user did not have; any item where there is hardly another. */
  private int drawNegative(int user) {
    int item = random.nextInt(interactions.items());
    for (int tries = 0; tries < MAX_TRIES && interactions.isPositive(user, item); tries++) {
      item = random.nextInt(interactions.items());
    }
    return item;
  }

  /** Takes one triple and returns its loss; the arguments are where the rows start. */
  private double descend(int user, int positive, int negative) {
    float[] u = users.rows();
    float[] v = items.rows();
    int dim = settings.dim();
    double margin =
        DotProduct.of(u, user, v, positive, dim) - DotProduct.of(u, user, v, negative, dim);
    float pull = (float) (1 / (1 + StrictMath.exp(margin)));
    descent.move(user, positive, negative, pull);
    // -ln sigmoid(m) without overflow at either end.
    return Math.max(0, -margin) + StrictMath.log1p(StrictMath.exp(-Math.abs(margin)));
  }
}
