package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The step of an optimizer as the change of a row: it moves from id to id of a batch of gradients.
 *
 * <p>Not thread-safe; one per push.
 */
final class GradientStep implements RowChange, AutoCloseable {
  private final GradientBatch gradients;
  private final RowInitializer initializer;
  private final float initialState;
  private final RowLayout layout;
  private final Numbers numbers;
  private final boolean inPlace;
  private final OptimizerStep step;
  private final Arena arena = Arena.ofConfined();
  private final long gradient;
  private final long scratch;
  private final long weights;
  private final @Nullable FeatureGate gate;
  private final long tokenHash;
  private final @Nullable ScoreStep scores;
  private int ordinal;
  private long id;

  /**
   * Prepares the steps of a push.
   *
   * @param gate decides which ids get a row; null when all do
   * @param tokenHash of the push's token, 0 without one
   * @param scores counts into the rows what came with the push; null when they have no scores
   */
  GradientStep(
      TableSpec spec,
      RowInitializer initializer,
      GradientBatch gradients,
      double learningRate,
      @Nullable FeatureGate gate,
      long tokenHash,
      @Nullable ScoreStep scores) {
    this.scores = scores;
    this.gate = gate;
    this.tokenHash = tokenHash;
    this.gradients = gradients;
    this.initializer = initializer;
    this.initialState = spec.optimizer().rule().initialState();
    this.layout = RowLayout.of(spec);
    this.numbers = new Numbers(spec.dtype(), spec.dim());
    this.inPlace = spec.dtype() == Dtype.F32;
    long bytes = Math.ceilDiv(spec.dim() * Float.BYTES, 64) * 64L;
    MemorySegment memory = arena.allocate(3 * bytes, 64);
    this.gradient = memory.address();
    this.scratch = gradient + bytes;
    this.weights = scratch + bytes;
    this.step = new OptimizerStep(spec.optimizer(), spec.dim(), learningRate, scratch);
  }

  /** Moves to the n-th id. */
  GradientStep at(int n) {
    ordinal = n;
    id = gradients.id(n);
    gradients.sum(n, step, gradient, scratch);
    step.clip(gradient);
    return this;
  }

  @Override
  public int payloadBytes() {
    return layout.payloadBytes();
  }

  @Override
  public boolean admits() {
    return gate == null
        || gate.admits(id, gradients.hash(ordinal), gradients.times(ordinal), tokenHash);
  }

  @Override
  public void create(long payload) {
    initializer.write(id, RawMemory.all(), payload);
    layout.writeInitialState(payload, initialState);
  }

  @Override
  public void applyTo(long payload) {
    long state = payload + layout.embeddingBytes();
    if (inPlace) {
      step.run(payload, state, gradient);
    } else {
      numbers.decode(payload, weights);
      step.run(weights, state, gradient);
      numbers.encode(weights, payload);
    }
    if (scores != null) {
      scores.apply(payload, ordinal);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
