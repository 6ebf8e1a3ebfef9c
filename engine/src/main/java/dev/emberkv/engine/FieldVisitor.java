package dev.emberkv.engine;

/** Takes fields of a hash with their values; both arrays are the visitor's. */
@FunctionalInterface
public interface FieldVisitor {
  /** Takes a field. */
  void field(byte[] field, byte[] value);
}
