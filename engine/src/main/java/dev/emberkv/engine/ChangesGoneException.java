package dev.emberkv.engine;

/**
 * What changed since a position can't be told any more: deletions of that time were forgotten when
 * their space was given back, or the table was cleared. The way on is a full export.
 */
public final class ChangesGoneException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  /** Describes a position that is too old. */
  public ChangesGoneException(String table, long position, long oldest) {
    super(
        "the changes of table %s since position %d can't be told, only those since %d: take a full export"
            .formatted(table, position, oldest));
  }
}
