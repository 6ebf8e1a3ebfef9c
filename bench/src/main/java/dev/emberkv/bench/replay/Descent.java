package dev.emberkv.bench.replay;

/**
 * How a trainer's rows move: what it does with each triple of a step, and at the end of it.
 *
 * <p>Not thread-safe.
 */
interface Descent {
  /**
   * Takes a triple, whose rows are in the blocks.
   *
   * @param user where the user's row starts
   * @param positive where the row of the item starts that the user had
   * @param negative where the row of the other one starts
   * @param pull how far apart the scores want to be: the derivative of the loss
   */
  void move(int user, int positive, int negative, float pull);

  /** Ends the step: all that was moved is in the tables. */
  void end();
}
