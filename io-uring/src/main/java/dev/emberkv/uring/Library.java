package dev.emberkv.uring;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;

/**
 * The shared library liburing, found by its soname as the dynamic linker does.
 *
 * <p>The generated bindings look it up on their own when they are first used; asking here first
 * turns a missing library into an answer instead of an error in a class initializer.
 */
final class Library {
  static final String SONAME = "liburing.so.2";

  private static final Optional<SymbolLookup> SYMBOLS = load();

  private Library() {}

  private static Optional<SymbolLookup> load() {
    try {
      return Optional.of(SymbolLookup.libraryLookup(SONAME, Arena.global()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static boolean isPresent() {
    return SYMBOLS.isPresent();
  }

  /** Returns whether the library has a function; some came after version 2.0. */
  static boolean has(String function) {
    return SYMBOLS.flatMap(symbols -> symbols.find(function)).isPresent();
  }
}
