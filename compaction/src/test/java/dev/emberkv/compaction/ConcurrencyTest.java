package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoMode;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Appends, reads, flushes and scans at the same time, on real files. */
class ConcurrencyTest {
  private static final int RECENT = 256;

  @TempDir Path directory;

  private final AtomicLong sequence = new AtomicLong();
  private final Map<Long, Rec> model = new ConcurrentHashMap<>();

  /** Locations that other threads look up; the array publishes them. */
  private final AtomicReferenceArray<Map.Entry<Long, Rec>> recent =
      new AtomicReferenceArray<>(RECENT);

  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"AUTO", "PORTABLE"})
  void aRecordIsAlwaysFoundInABufferOrOnTheDevice(IoMode mode) throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    System.out.println("seed " + seed);
    LogOptions options = LogOptions.of(9).withSegmentBytes(1 << 20).withBlocks(16 << 10, 3);
    int writers = 3;
    int readers = 3;
    int recordsPerWriter = 4000;
    try (IoBackend backend = IoBackend.open(mode);
        ExecutorService threads = Executors.newFixedThreadPool(writers + readers + 1)) {
      try (SegmentedLog log = SegmentedLog.open(backend, directory, options)) {
        List<Future<?>> tasks = new ArrayList<>();
        AtomicLong running = new AtomicLong(writers);
        for (int t = 0; t < writers; t++) {
          Random random = new Random(seed + t);
          tasks.add(
              threads.submit(() -> {
                write(log, backend, random, recordsPerWriter);
                running.decrementAndGet();
              }));
        }
        for (int t = 0; t < readers; t++) {
          Random random = new Random(seed - 1 - t);
          tasks.add(threads.submit(() -> read(log, backend, random, running)));
        }
        tasks.add(threads.submit(() -> scanAgainAndAgain(log, running)));
        for (Future<?> task : tasks) {
          task.get();
        }
        assertThat(model).hasSize(writers * recordsPerWriter);
        log.flush();
        assertThat(LogClient.scan(log)).isEqualTo(new LogClient.Scan(model, List.of()));
      }
      try (SegmentedLog log = SegmentedLog.open(backend, directory, options)) {
        assertThat(LogClient.scan(log)).isEqualTo(new LogClient.Scan(model, List.of()));
      }
    }
  }

  private void write(SegmentedLog log, IoBackend backend, Random random, int count) {
    try (LogClient client = new LogClient(log, backend)) {
      for (int i = 0; i < count; i++) {
        int payloadBytes = random.nextInt(50) == 0 ? random.nextInt(40_000) : random.nextInt(700);
        Rec rec = Rec.random(random, sequence.incrementAndGet(), payloadBytes);
        long location = client.append(rec);
        if (model.put(location, rec) != null) {
          throw new AssertionError("location " + location + " was given twice");
        }
        recent.set(random.nextInt(RECENT), Map.entry(location, rec));
        if (random.nextInt(200) == 0) {
          log.flush();
        }
      }
    }
  }

  private void read(SegmentedLog log, IoBackend backend, Random random, AtomicLong running) {
    try (LogClient client = new LogClient(log, backend)) {
      while (running.get() > 0) {
        Map.Entry<Long, Rec> entry = recent.get(random.nextInt(RECENT));
        if (entry != null) {
          Rec found = client.read(entry.getKey());
          if (!found.equals(entry.getValue())) {
            throw new AssertionError(found + " instead of " + entry);
          }
        }
      }
    }
  }

  private void scanAgainAndAgain(SegmentedLog log, AtomicLong running) {
    while (running.get() > 0) {
      LogClient.Scan scan = LogClient.scan(log);
      assertThat(scan.damage()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"AUTO", "PORTABLE"})
  void flushesThatWaitTogetherShareASync(IoMode mode) throws Exception {
    final int clients = 16;
    final int flushesEach = 50;
    final long flushes = 800;
    try (IoBackend backend = IoBackend.open(mode);
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        SegmentedLog log =
            SegmentedLog.open(backend, directory, LogOptions.of(3).withSegmentBytes(1 << 20))) {
      List<Future<?>> tasks = new ArrayList<>();
      for (int t = 0; t < clients; t++) {
        Random random = new Random(t);
        tasks.add(
            threads.submit(() -> {
              for (int i = 0; i < flushesEach; i++) {
                Rec rec = Rec.random(random, sequence.incrementAndGet(), 100);
                log.append(
                    1, 1, rec.key(), rec.sequence(), 0, MemorySegment.ofArray(rec.payload()));
                log.flush();
              }
            }));
      }
      for (Future<?> task : tasks) {
        task.get();
      }
      // then: with a sync for each there would be 800
      LogStats stats = log.stats();
      assertThat(stats.records()).isEqualTo(flushes);
      assertThat(stats.syncs()).isBetween((long) flushesEach, flushes / 2);
      assertThat(LogClient.scan(log).records()).hasSize(clients * flushesEach);
    }
  }
}
