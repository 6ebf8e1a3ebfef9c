package dev.emberkv.engine;

/** The store. */
final class EmberStore {
  private EmberStore() {}

  @SuppressWarnings("DoNotCallSuggester")
  static Store open(StoreOptions options) {
    throw new IllegalStateException("cannot open " + options);
  }
}
