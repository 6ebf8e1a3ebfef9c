package dev.emberkv.engine;

/**
 * The fixed properties of a table.
 *
 * @param name 1 to 255 characters
 * @param dim elements of an embedding, 1 to {@link #MAX_DIM}
 * @param dtype number format of the embedding
 * @param initializer what a row that was never written looks like
 * @param seed seed of the initializer
 * @param optimizer how rows follow gradients
 * @param admission which ids get a row when gradients are pushed to them
 * @param expiry when rows go by themselves
 */
public record TableSpec(
    String name,
    int dim,
    Dtype dtype,
    Initializer initializer,
    long seed,
    Optimizer optimizer,
    FeatureAdmission admission,
    Expiry expiry) {
  /** The widest embedding. */
  public static final int MAX_DIM = 65_536;

  /** Checks the ranges. */
  public TableSpec {
    if (name.isEmpty() || name.length() > 255) {
      throw new IllegalArgumentException(
          "a table name has 1 to 255 characters, not " + name.length());
    }
    if (dim < 1 || dim > MAX_DIM) {
      throw new IllegalArgumentException("dim must be in 1.." + MAX_DIM + ", not " + dim);
    }
  }

  /** Returns a table of {@code f32} rows that start as zeros and do not learn. */
  public static TableSpec of(String name, int dim) {
    return new TableSpec(
        name,
        dim,
        Dtype.F32,
        new Initializer.Zeros(),
        0,
        Optimizer.none(),
        new FeatureAdmission.All(),
        Expiry.NEVER);
  }

  /** Returns a copy with another name. */
  public TableSpec withName(String newName) {
    return new TableSpec(newName, dim, dtype, initializer, seed, optimizer, admission, expiry);
  }

  /** Returns a copy with another number format. */
  public TableSpec withDtype(Dtype newDtype) {
    return new TableSpec(name, dim, newDtype, initializer, seed, optimizer, admission, expiry);
  }

  /** Returns a copy with another initializer. */
  public TableSpec withInitializer(Initializer newInitializer, long newSeed) {
    return new TableSpec(name, dim, dtype, newInitializer, newSeed, optimizer, admission, expiry);
  }

  /** Returns a copy with another optimizer. */
  public TableSpec withOptimizer(Optimizer newOptimizer) {
    return new TableSpec(name, dim, dtype, initializer, seed, newOptimizer, admission, expiry);
  }

  /** Returns a copy with another rule for which ids get a row; only a table that learns has one. */
  public TableSpec withAdmission(FeatureAdmission newAdmission) {
    return new TableSpec(name, dim, dtype, initializer, seed, optimizer, newAdmission, expiry);
  }

  /** Returns a copy with other rules for when rows go. */
  public TableSpec withExpiry(Expiry newExpiry) {
    return new TableSpec(name, dim, dtype, initializer, seed, optimizer, admission, newExpiry);
  }

  /** Checks what only the finished properties can tell. */
  void requireSound() {
    if (!optimizer.learns() && !(admission instanceof FeatureAdmission.All)) {
      throw new IllegalArgumentException(
          "admission decides about pushes, and table %s has no optimizer".formatted(name));
    }
    if (!optimizer.learns() && expiry.scores() != null) {
      throw new IllegalArgumentException(
          "scores come with pushes, and table %s has no optimizer".formatted(name));
    }
  }

  /** Returns the width of an embedding in bytes, which is what lookups return for each id. */
  public int rowBytes() {
    return dtype.rowBytes(dim);
  }

  /**
   * Returns the width of a row as it is stored in bytes: the embedding, the optimizer's state and
   * the counts for {@link Scores}.
   */
  public int storedRowBytes() {
    return RowLayout.of(this).payloadBytes();
  }
}
