package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** What a push may bring beside its gradients. Immutable. */
public final class PushOptions {
  /** The longest token in bytes. */
  public static final int MAX_TOKEN_BYTES = 128;

  private static final PushOptions NONE =
      new PushOptions(OptionalDouble.empty(), null, 0, null, null);

  private final OptionalDouble learningRate;
  private final byte @Nullable [] token;
  private final long timeSeconds;
  private final @Nullable MemorySegment shows;
  private final @Nullable MemorySegment clicks;

  private PushOptions(
      OptionalDouble learningRate,
      byte @Nullable [] token,
      long timeSeconds,
      @Nullable MemorySegment shows,
      @Nullable MemorySegment clicks) {
    this.shows = shows;
    this.clicks = clicks;
    this.timeSeconds = timeSeconds;
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
    return new PushOptions(OptionalDouble.of(newLearningRate), token, timeSeconds, shows, clicks);
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
    return new PushOptions(learningRate, newToken.clone(), timeSeconds, shows, clicks);
  }

  /**
   * Returns a copy with the time of the data, for a table whose rows expire by that; see {@link
   * Expiry}.
   *
   * @param newTimeSeconds since 1970, 1 to 2^32 - 1
   */
  public PushOptions withTime(long newTimeSeconds) {
    requireTime(newTimeSeconds);
    return new PushOptions(learningRate, token, newTimeSeconds, shows, clicks);
  }

  /**
   * Returns a copy with how often what the gradients come from was shown, for a table whose rows
   * have {@link Scores}; without it, once for each key.
   *
   * @param newShows packed f32 values, one for each key of the push, 0 at least; not copied
   */
  public PushOptions withShows(MemorySegment newShows) {
    return new PushOptions(learningRate, token, timeSeconds, newShows, clicks);
  }

  /**
   * Returns a copy with how often it was clicked, the same way; without it, never.
   *
   * @param newClicks packed f32 values, one for each key of the push, 0 at least; not copied
   */
  public PushOptions withClicks(MemorySegment newClicks) {
    return new PushOptions(learningRate, token, timeSeconds, shows, newClicks);
  }

  @Nullable MemorySegment shows() {
    return shows;
  }

  @Nullable MemorySegment clicks() {
    return clicks;
  }

  static void requireTime(long seconds) {
    if (seconds < 1 || seconds > Expiry.MAX_TTL_SECONDS) {
      throw new IllegalArgumentException(
          "a time is from 1 to %d seconds, not %d".formatted(Expiry.MAX_TTL_SECONDS, seconds));
    }
  }

  /** Returns the time of the data, 0 for none. */
  long timeSeconds() {
    return timeSeconds;
  }

  OptionalDouble learningRate() {
    return learningRate;
  }

  byte @Nullable [] token() {
    return token;
  }
}
