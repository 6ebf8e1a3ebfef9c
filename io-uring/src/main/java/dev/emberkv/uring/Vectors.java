package dev.emberkv.uring;

import jdk.incubator.vector.LongVector;

/**
 * Whether the Java virtual machine compiles vector code for this processor.
 *
 * <p>Code that uses the Vector API asks here first and has a scalar twin: the API is an incubator
 * module, which a program that runs on the class path has to add by name, and on narrow vectors it
 * does not pay.
 */
public final class Vectors {
  private static final String MODULE = "jdk.incubator.vector";
  private static final int MIN_BYTES = 32;

  /** The width of a vector in bytes; 0 where the scalar code is to be used. */
  public static final int BYTES = detect();

  /** Whether vector code is to be used. A constant to the compiler. */
  public static final boolean ENABLED = BYTES != 0;

  private Vectors() {}

  private static int detect() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return 0;
    }
    int bytes = LongVector.SPECIES_PREFERRED.vectorByteSize();
    return bytes < MIN_BYTES ? 0 : bytes;
  }

  /** Returns what {@code doctor} says about it. */
  static Finding finding() {
    if (ENABLED) {
      return Finding.good("vector code", BYTES * 8 + " bits");
    }
    return ModuleLayer.boot().findModule(MODULE).isEmpty()
        ? Finding.bad("vector code", "not used", "start Java with --add-modules " + MODULE)
        : Finding.good("vector code", "not used: this processor's vectors are narrow");
  }
}
