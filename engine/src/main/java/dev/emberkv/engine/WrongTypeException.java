package dev.emberkv.engine;

/** The value of a key is of another type than the call reads. */
public final class WrongTypeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one for a value of that type. */
  public WrongTypeException(ValueType found) {
    super("the key holds a value of type " + found, null, false, false);
  }
}
