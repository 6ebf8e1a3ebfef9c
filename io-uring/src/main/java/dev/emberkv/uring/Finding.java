package dev.emberkv.uring;

/**
 * What a probe of the system found out about one thing that the store can use.
 *
 * @param name what was looked at, for example {@code "io_uring"}
 * @param ok whether the store can make full use of it
 * @param detail what is there, or why it does not work
 * @param fix what a user can do about it; empty when all is well
 */
public record Finding(String name, boolean ok, String detail, String fix) {
  /** Makes a finding that needs nothing done. */
  public static Finding good(String name, String detail) {
    return new Finding(name, true, detail, "");
  }

  /** Makes a finding of something that is missing or limited. */
  public static Finding bad(String name, String detail, String fix) {
    return new Finding(name, false, detail, fix);
  }
}
