package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Submitters, gathering threads, consumers and those who cancel, all at once. */
final class TicketDeskTest {
  private static final int SLOTS = 3;
  private static final int FLIGHTS_EACH = 3000;

  private final TicketDesk desk = new TicketDesk(SLOTS);

  /** Who works on a place now; never more than one. */
  private final AtomicIntegerArray owners = new AtomicIntegerArray(SLOTS);

  private final LinkedBlockingQueue<Flight> submitted = new LinkedBlockingQueue<>();
  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();

  private void own(Flight flight) {
    assertThat(owners.incrementAndGet(flight.slot)).as("owners of %d", flight.slot).isEqualTo(1);
  }

  private void disown(Flight flight) {
    owners.decrementAndGet(flight.slot);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void givenEveryoneAtOnce_whenDone_thenEachBatchEndedOnceAndAllPlacesAreFree(long seed)
      throws Exception {
    ExecutorService threads = Executors.newCachedThreadPool();
    List<Future<?>> running = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 2; i++) {
      running.add(threads.submit(submitter(random.split())));
      running.add(threads.submit(consumer(random.split())));
    }
    List<Future<?>> gathering = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      gathering.add(threads.submit(gatherer(random.split())));
    }

    for (Future<?> each : running) {
      each.get(60, TimeUnit.SECONDS);
    }

    long end = System.nanoTime() + 30_000_000_000L;
    while (desk.freeSlots() != SLOTS && System.nanoTime() - end < 0) {
      Thread.sleep(1);
    }
    assertThat(desk.freeSlots()).isEqualTo(SLOTS);
    assertThat(taken.get() + dropped.get()).as("seed %d", seed).isEqualTo(2L * FLIGHTS_EACH);
    assertThat(taken.get()).isPositive();
    assertThat(dropped.get()).isPositive();
    desk.beginClose();
    desk.awaitUnused();
    for (Future<?> each : gathering) {
      each.get(60, TimeUnit.SECONDS);
    }
    threads.shutdown();
  }

  private Callable<Void> submitter(SplittableRandom random) {
    return () -> {
      for (int i = 0; i < FLIGHTS_EACH; i++) {
        long lifetime = random.nextInt(5) == 0 ? random.nextLong(200_000) : TicketDesk.FOREVER;
        Flight flight = desk.claim(TicketDesk.FOREVER, lifetime);
        assertThat(flight).isNotNull();
        if (flight != null) {
          own(flight);
          disown(flight);
          desk.enqueue(flight);
          submitted.add(flight);
        }
      }
      return null;
    };
  }

  private Callable<Void> gatherer(SplittableRandom random) {
    return () -> {
      for (Flight flight = desk.takeQueued(); flight != null; flight = desk.takeQueued()) {
        own(flight);
        if (random.nextInt(4) == 0) {
          Thread.onSpinWait();
        }
        disown(flight);
        if (random.nextInt(50) == 0) {
          desk.failed(flight, new IllegalArgumentException("drawn"));
        } else {
          desk.gathered(flight);
        }
      }
      return null;
    };
  }

  private Callable<Void> consumer(SplittableRandom random) {
    return () -> {
      for (int i = 0; i < FLIGHTS_EACH; i++) {
        Flight flight = submitted.take();
        if (random.nextInt(4) == 0 && desk.cancel(flight)) {
          dropped.incrementAndGet();
        } else {
          takeOne(flight, random);
        }
      }
      return null;
    };
  }

  private void takeOne(Flight flight, SplittableRandom random) throws InterruptedException {
    try {
      boolean came = desk.take(flight, random.nextLong(100_000));
      while (!came) {
        came = desk.take(flight, TicketDesk.FOREVER);
      }
    } catch (CancellationException | IllegalArgumentException e) {
      dropped.incrementAndGet();
      return;
    }
    own(flight);
    desk.enter(flight);
    desk.leave();
    disown(flight);
    taken.incrementAndGet();
    desk.release(flight);
    desk.release(flight);
  }
}
