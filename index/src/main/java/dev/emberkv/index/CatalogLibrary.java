package dev.emberkv.index;

import org.lmdbjava.Meta;

/** The native library that a {@link Catalog} is kept with. */
public final class CatalogLibrary {
  private CatalogLibrary() {}

  /**
   * Loads LMDB and makes its bindings, which takes longer than opening a small catalog does.
   *
   * @return its version
   */
  public static String load() {
    Meta.Version version = Meta.version();
    return version.major + "." + version.minor + "." + version.patch;
  }
}
