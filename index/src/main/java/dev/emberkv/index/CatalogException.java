package dev.emberkv.index;

/**
 * A catalog that cannot be used as it is: written in a format this release does not know, damaged,
 * or open elsewhere. The message says which and what to do. Failed system operations have their own
 * type.
 */
public class CatalogException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CatalogException(String message) {
    super(message);
  }

  CatalogException(String message, Throwable cause) {
    super(message, cause);
  }
}
