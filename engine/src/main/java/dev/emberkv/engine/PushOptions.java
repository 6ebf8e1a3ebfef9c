package dev.emberkv.engine;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** What a push may bring beside its gradients. Immutable. */
public final class PushOptions {
  /** The longest token in bytes. */
  public static final int MAX_TOKEN_BYTES = 128;

  private static final PushOptions NONE = new PushOptions(OptionalDouble.empty(), null);

  private final OptionalDouble learningRate;
  private final byte @Nullable [] token;

  private PushOptions(OptionalDouble learningRate, byte @Nullable [] token) {
    this.learningRate = learningRate;
    this.token = token;
  }

  /** Returns the options of a push with the table's learning rate and without a token. */
  public static PushOptions none() {
    return NONE;
  }

  /**
   * Returns a copy with a learning rate in place of the table's.
   *
   * @throws IllegalArgumentException when it is not above 0 and finite
   */
  public PushOptions withLearningRate(double newLearningRate) {
    Optimizer.requirePositive(newLearningRate, "learning rate");
    return new PushOptions(OptionalDouble.of(newLearningRate), token);
  }

  /**
   * Returns a copy with a token, which names the push: of all pushes to a table with the same
   * token, one is applied, also if a crash comes between them. The newest 16,384 tokens of a table
   * are remembered.
   *
   * @param newToken 1 to {@link #MAX_TOKEN_BYTES} bytes
   */
  public PushOptions withToken(byte[] newToken) {
    if (newToken.length < 1 || newToken.length > MAX_TOKEN_BYTES) {
      throw new IllegalArgumentException(
          "a token has 1 to %d bytes, not %d".formatted(MAX_TOKEN_BYTES, newToken.length));
    }
    return new PushOptions(learningRate, newToken.clone());
  }

  OptionalDouble learningRate() {
    return learningRate;
  }

  byte @Nullable [] token() {
    return token;
  }
}
