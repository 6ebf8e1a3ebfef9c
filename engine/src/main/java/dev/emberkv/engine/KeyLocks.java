package dev.emberkv.engine;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The locks under which string keys are written, so that a write may depend on what it replaces.
 * Readers take none.
 *
 * <p>Lock order: a thread takes what it needs of these at once, in the order of their numbers, then
 * homes of the index. It never waits for the end of an {@link Epoch} while it holds one, as others
 * wait for the lock inside of theirs.
 */
final class KeyLocks {
  private static final int STRIPE_BITS = 12;

  private final ReentrantLock[] stripes = new ReentrantLock[1 << STRIPE_BITS];
  private final WaitRule waits;

  KeyLocks(WaitRule waits) {
    this.waits = waits;
    for (int i = 0; i < stripes.length; i++) {
      stripes[i] = new ReentrantLock();
    }
  }

  /** Locks the stripe of a key's hash; the caller unlocks what it gets. */
  ReentrantLock lock(long hash) {
    ReentrantLock stripe = stripes[stripeOf(hash)];
    lockStripe(stripe);
    return stripe;
  }

  /** The index takes the topmost bits; a key's neighbours there should not share its stripe. */
  private int stripeOf(long hash) {
    return (int) hash & (stripes.length - 1);
  }

  private void lockStripe(ReentrantLock stripe) {
    if (!stripe.tryLock()) {
      waits.beforeWaiting();
      stripe.lock();
    }
  }

  /** Locks that are held together; closing it gives them back. */
  final class Held implements AutoCloseable {
    private final int[] numbers;
    private int count;

    Held(int[] numbers) {
      this.numbers = numbers;
    }

    private void lock() {
      Arrays.sort(numbers);
      try {
        for (int number : numbers) {
          if (count == 0 || number != numbers[count - 1]) {
            lockStripe(stripes[number]);
          }
          count++;
        }
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }

    @Override
    public void close() {
      while (count > 0) {
        count--;
        if (count == 0 || numbers[count] != numbers[count - 1]) {
          stripes[numbers[count]].unlock();
        }
      }
    }
  }

  /** Locks the stripes of all of some hashes. */
  Held lockAll(long[] hashes, int size) {
    int[] numbers = new int[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = stripeOf(hashes[i]);
    }
    Held held = new Held(numbers);
    held.lock();
    return held;
  }
}
