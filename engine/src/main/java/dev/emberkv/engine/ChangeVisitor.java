package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;

/** Takes rows of a table one by one, on the thread that asked for them. */
public interface ChangeVisitor {
  /**
   * Takes a row.
   *
   * @param id its id
   * @param timeSeconds when it was last written, in seconds since 1970
   * @param stored the row as it is stored: the embedding and the optimizer's state; of use until
   *     the call returns
   */
  void row(long id, int timeSeconds, MemorySegment stored);

  /** Takes an id that has no row any more. */
  void deleted(long id);
}
