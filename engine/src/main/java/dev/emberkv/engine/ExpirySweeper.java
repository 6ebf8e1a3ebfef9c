package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes string keys whose time to live is over, so that nobody has to ask for them first: a
 * thread goes over the indexes, a bounded number of keys at a time. It looks at many rows in DRAM
 * and at few on the device, at more of these while it finds expired ones. Reads answer neither.
 *
 * <p>Sleeps until the first key gets a time to live.
 */
final class ExpirySweeper implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(ExpirySweeper.class);
  private static final long PERIOD_NANOS = 100_000_000;

  /** Keys looked at per period: a few milliseconds of one processor. */
  private static final int KEYS_PER_PERIOD = 20_000;

  /** Rows read from the device per period: some hundred reads a second, and some ten thousand. */
  private static final int MIN_COLD_PER_PERIOD = 32;

  private static final int MAX_COLD_PER_PERIOD = 2_048;

  /** From so many rows of the device, the share of those with a time to live is taken. */
  private static final int COLD_SAMPLE = 4_096;

  /** When one of so many is expired, there are more to be found. */
  private static final int WORTHWHILE_SHARE = 10;

  private final Databases databases;
  private final AtomicBoolean needed;
  private final Sweep[] sweeps = new Sweep[Store.DATABASES];
  private final Thread thread;
  private volatile boolean closed;

  /**
   * Makes a sweeper.
   *
   * @param needed set once a key may have a time to live
   */
  ExpirySweeper(Databases databases, AtomicBoolean needed) {
    this.databases = databases;
    this.needed = needed;
    Arrays.setAll(sweeps, database -> new Sweep());
    this.thread = Thread.ofPlatform().name("ember-expiry").daemon().unstarted(this::work);
  }

  void start() {
    thread.start();
  }

  /** Returns how many keys of a database have a time to live; from any thread. */
  ExpiringKeys expiring(int database, long keys) {
    Sweep sweep = sweeps[database];
    return sweep.hotSeen.with(sweep.coldSeen, keys);
  }

  private void work() {
    boolean healthy = true;
    while (!closed) {
      LockSupport.parkNanos(PERIOD_NANOS);
      try {
        for (int database = 0; needed.get() && !closed && database < sweeps.length; database++) {
          StringSpace space = databases.ifThere(database);
          if (space != null) {
            sweeps[database].run(space);
          }
        }
        healthy = true;
      } catch (RuntimeException e) {
        if (healthy) {
          LOGGER.error("Expired keys could not be deleted; they stay invisible", e);
        }
        healthy = false;
      }
    }
  }

  /** How far the sweeps of one database have come. */
  private final class Sweep {
    private long hotCursor;
    private long coldCursor;
    private int coldKeys = MIN_COLD_PER_PERIOD;
    private ExpiryCount hot = new ExpiryCount();
    private ExpiryCount cold = new ExpiryCount();

    /** Of the last way round, or of the last sample. */
    private volatile ExpiryCount hotSeen = new ExpiryCount();

    private volatile ExpiryCount coldSeen = new ExpiryCount();

    void run(StringSpace space) {
      List<byte[]> expired = new ArrayList<>();
      hotCursor =
          space.scanExpired(
              StringScan.Tier.DRAM,
              hotCursor,
              KEYS_PER_PERIOD,
              hot,
              (key, info) -> expired.add(key));
      int hotExpired = expired.size();
      coldCursor =
          space.scanExpired(
              StringScan.Tier.DEVICE, coldCursor, coldKeys, cold, (key, info) -> expired.add(key));
      boolean worthwhile = (expired.size() - hotExpired) * WORTHWHILE_SHARE >= coldKeys;
      coldKeys =
          worthwhile
              ? Math.min(2 * coldKeys, MAX_COLD_PER_PERIOD)
              : Math.max(coldKeys / 2, MIN_COLD_PER_PERIOD);
      if (hotCursor == 0) {
        hotSeen = hot;
        hot = new ExpiryCount();
      }
      if (coldCursor == 0 || cold.looked() >= COLD_SAMPLE) {
        coldSeen = cold;
        cold = new ExpiryCount();
      }
      for (byte[] key : expired) {
        if (closed) {
          break;
        }
        var _ = space.deleteExpired(key);
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
