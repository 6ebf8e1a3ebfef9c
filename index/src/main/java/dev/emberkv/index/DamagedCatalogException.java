package dev.emberkv.index;

/** The catalog's file is damaged: what it held has to come from elsewhere. */
public final class DamagedCatalogException extends CatalogException {
  private static final long serialVersionUID = 1L;

  DamagedCatalogException(String message) {
    super(message);
  }

  DamagedCatalogException(String message, Throwable cause) {
    super(message, cause);
  }
}
