package dev.emberkv.cuda;

import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ties native resources to the object that its user holds: they are given back when the user closes
 * it, or after it was lost, because the thread that would have closed it died, for example.
 *
 * <p>Thread-safe. Nothing that the resources refer to may refer to the object.
 */
final class Lifeline implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Lifeline.class);
  private static final Cleaner CLEANER = Cleaner.create();

  private final Ends ends;
  private final Cleaner.Cleanable cleanable;

  private Lifeline(Ends ends, Cleaner.Cleanable cleanable) {
    this.ends = ends;
    this.cleanable = cleanable;
  }

  /**
   * Ties resources to an object.
   *
   * @param what the object, in words
   * @param whenLost run first when the object was lost
   */
  static Lifeline of(Object object, String what, AutoCloseable resources, Runnable whenLost) {
    Ends ends = new Ends(what, resources, whenLost);
    return new Lifeline(ends, CLEANER.register(object, ends));
  }

  boolean isClosed() {
    return ends.closed.get();
  }

  /** Closes the resources, the first time. */
  @Override
  public void close() {
    try {
      ends.close();
    } finally {
      cleanable.clean();
    }
  }

  private static final class Ends implements Runnable, AutoCloseable {
    private final String what;
    private final AutoCloseable resources;
    private final Runnable whenLost;
    private final AtomicBoolean closed = new AtomicBoolean();

    Ends(String what, AutoCloseable resources, Runnable whenLost) {
      this.what = what;
      this.resources = resources;
      this.whenLost = whenLost;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        ResourceStack all = new ResourceStack();
        all.add(resources);
        all.close();
      }
    }

    /** Run when the object can't be reached any more. */
    @Override
    public void run() {
      if (!closed.get()) {
        LOGGER.warn("{} was lost without being closed; its memory is given back now", what);
        try (this) {
          whenLost.run();
        } catch (RuntimeException e) {
          LOGGER.error("{} could not be given back in good order", what, e);
        }
      }
    }
  }
}
