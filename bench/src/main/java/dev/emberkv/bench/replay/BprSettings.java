package dev.emberkv.bench.replay;

/**
 * How to train.
 *
 * @param dim elements of an embedding
 * @param batch interactions in a step; it bounds the batches of the store, and has no influence on
 *     the result
 * @param learningRate factor of the gradient
 * @param regularization factor of the embeddings' squared length in the loss
 * @param seed seed of the order of interactions and of the negative items
 */
public record BprSettings(int dim, int batch, float learningRate, float regularization, long seed) {
  /** Checks the ranges. */
  public BprSettings {
    if (dim < 1 || batch < 1) {
      throw new IllegalArgumentException(
          "dim and batch must be at least 1, not " + dim + " and " + batch);
    }
    if (!(learningRate > 0) || !(regularization >= 0)) {
      throw new IllegalArgumentException(
          "the learning rate must be above 0 and the regularization not below, not "
              + learningRate
              + " and "
              + regularization);
    }
  }
}
