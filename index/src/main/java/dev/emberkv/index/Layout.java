package dev.emberkv.index;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Which array a hash is in: all in {@code current}, or, while the index grows, those homed before
 * the front of {@code current} in {@code next}.
 *
 * <p>Immutable but for the front, which only grows. {@link #front} is an acquire that pairs with
 * the release in {@link #advance}: whoever sees the front behind a home sees all its entries in
 * {@code next}. See {@link Migration} for the other half of the argument.
 */
final class Layout {
  private static final VarHandle FRONT;

  static {
    try {
      FRONT = MethodHandles.lookup().findVarHandle(Layout.class, "front", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final BucketArray current;
  final @Nullable BucketArray next;

  @SuppressWarnings("unused") // Reached through FRONT.
  private long front;

  Layout(BucketArray current, @Nullable BucketArray next) {
    this.current = current;
    this.next = next;
  }

  long front() {
    return (long) FRONT.getAcquire(this);
  }

  void advance(long newFront) {
    FRONT.setRelease(this, newFront);
  }

  /** Returns the address of the home bucket of a hash. */
  long homeOf(long hash) {
    long home = current.geometry.homeOf(hash);
    BucketArray target = next;
    if (target != null && home < front()) {
      return target.homeOf(hash);
    }
    return current.addressOf(home);
  }

  /** Returns the array that a bucket address is in, or null when it is in an older one. */
  @Nullable BucketArray arrayOf(long bucketAddress) {
    if (current.contains(bucketAddress)) {
      return current;
    }
    return next != null && next.contains(bucketAddress) ? next : null;
  }
}
