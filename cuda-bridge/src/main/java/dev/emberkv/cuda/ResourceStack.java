package dev.emberkv.cuda;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What an object has acquired so far, given back in reverse order. Every part is closed, whatever
 * the others' closing throws.
 *
 * <p>Not thread-safe.
 */
final class ResourceStack implements AutoCloseable {
  private final ArrayDeque<AutoCloseable> resources = new ArrayDeque<>();

  /** Takes charge of a resource and returns it. */
  <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  /** Closes everything because of a failure, and returns that one to be thrown. */
  <T extends Throwable> T closeAfter(T failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  /** Closes everything; throws the first failure, which carries the others. */
  @Override
  public void close() {
    RuntimeException first = null;
    while (!resources.isEmpty()) {
      first = closeOne(resources.pop(), first);
    }
    if (first != null) {
      throw first;
    }
  }

  private static @Nullable RuntimeException closeOne(
      AutoCloseable resource, @Nullable RuntimeException first) {
    try {
      resource.close();
      return first;
    } catch (Exception e) {
      RuntimeException failure =
          e instanceof RuntimeException runtime ? runtime : new IllegalStateException(e);
      if (first == null) {
        return failure;
      }
      first.addSuppressed(failure);
      return first;
    }
  }
}
