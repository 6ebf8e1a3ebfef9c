package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.IoFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

/** Segments that are cleaned and used again, with power failures in between. */
class CleaningTest {
  private static final Path DIRECTORY = Path.of("target");
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final int KEYS = 60;

  private static LogOptions options(Random random) {
    return LogOptions.of(77)
        .withSegmentBytes(SEGMENT_BYTES)
        .withDiskLimitBytes(12L * SEGMENT_BYTES)
        .withBlocks(4096 << random.nextInt(7), 2 + random.nextInt(4));
  }

  /** What a store knows of its log: where the newest record of each key is. */
  private static final class Index implements RecordVisitor {
    final Map<Long, Long> locations = new HashMap<>();
    final Map<Long, Long> sequences = new HashMap<>();
    final List<String> damage = new ArrayList<>();
    final List<Long> dead = new ArrayList<>();

    @Override
    public synchronized void record(
        long location,
        int kind,
        int table,
        long key,
        long sequence,
        int timeSeconds,
        long payloadAddress,
        int payloadBytes) {
      if (sequence > sequences.getOrDefault(key, 0L)) {
        Long old = locations.put(key, location);
        sequences.put(key, sequence);
        if (old != null) {
          dead.add(old);
        }
      } else {
        dead.add(location);
      }
    }

    @Override
    public synchronized void corrupt(long segment, long offset, String expected) {
      damage.add(segment + "," + offset + ": " + expected);
    }
  }

  /** Hands all segments to one index. */
  private record Replay(Index index) implements SegmentReplay {
    @Override
    public RecordVisitor begin(int ordinal, int segment, long generation) {
      return index;
    }

    @Override
    public void end(int ordinal, RecordVisitor visitor) {
      // nothing to do
    }
  }

  private static Index recover(SegmentedLog log) {
    Index index = new Index();
    log.recover(new Replay(index), DigestArchive.NONE);
    index.dead.forEach(log::markDead);
    long live = log.cleaning().usedSegments().stream().mapToLong(SegmentUse::liveBytes).sum();
    assertThat(index.locations.isEmpty()).isEqualTo(live == 0);
    assertThat(index.locations.values()).allMatch(log::isLive);
    return index;
  }

  private static Rec rowOf(Random random, long key, long sequence) {
    byte[] payload = new byte[1 + random.nextInt(random.nextInt(6) == 0 ? 200_000 : 9000)];
    new Random(sequence).nextBytes(payload);
    return new Rec(RecordFormat.ROW | RecordFormat.COMMITTED, 1, key, sequence, 0, payload);
  }

  /** Cleans a segment as a store does. */
  private static void clean(SegmentedLog log, SegmentUse victim, Index index) {
    boolean whole =
        log.cleaning()
            .readLive(
                victim.number(),
                new RecordVisitor() {
                  @Override
                  public void record(
                      long location,
                      int kind,
                      int table,
                      long key,
                      long sequence,
                      int timeSeconds,
                      long payloadAddress,
                      int payloadBytes) {
                    assertThat(index.locations).containsEntry(key, location);
                    long copy =
                        log.cleaning()
                            .appendCopy(
                                kind,
                                table,
                                key,
                                sequence,
                                timeSeconds,
                                payloadAddress,
                                payloadBytes);
                    index.locations.put(key, copy);
                    assertThat(log.markDead(location)).isTrue();
                  }

                  @Override
                  public void corrupt(long segment, long offset, String expected) {
                    throw new AssertionError(expected);
                  }
                });
    assertThat(whole).isTrue();
    log.cleaning().flushCopies();
    log.flush();
    log.cleaning().free(List.of(victim.number()));
  }

  @Property(tries = 20)
  void whatWasFlushedSurvivesCleaningAndCrashes(@ForAll long seed) {
    crashOften(seed);
  }

  @Property(tries = 1500)
  @Tag("long")
  void whatWasFlushedSurvivesThousandsOfCrashes(@ForAll long seed) {
    crashOften(seed);
  }

  private static void crashOften(long seed) {
    Random random = new Random(seed);
    byte[] image = new byte[0];
    Map<Long, Long> flushed = new HashMap<>();
    Map<Long, Long> appended = new HashMap<>();
    long sequence = 0;
    for (int life = 0; life < 5; life++) {
      SimulatedDisk disk = new SimulatedDisk(random.nextLong(), image);
      try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options(random));
          LogClient client = new LogClient(log, disk)) {
        Index index = recover(log);

        // then: nothing that was flushed is gone, nothing came back, nothing is damaged
        assertThat(index.damage).isEmpty();
        for (long key = 0; key < KEYS; key++) {
          long found = index.sequences.getOrDefault(key, 0L);
          assertThat(found)
              .isBetween(flushed.getOrDefault(key, 0L), appended.getOrDefault(key, 0L));
          if (found != 0) {
            Rec rec = client.read(index.locations.getOrDefault(key, -1L));
            byte[] payload = new byte[rec.payload().length];
            new Random(found).nextBytes(payload);
            assertThat(rec.payload()).isEqualTo(payload);
          }
        }
        appended = new HashMap<>(index.sequences);
        flushed = new HashMap<>(index.sequences);

        // when: rows are overwritten and segments cleaned until the power goes
        disk.withPowerFor(random.nextInt(600));
        for (int i = 0; i < 500; i++) {
          long key = random.nextInt(KEYS);
          Rec rec = rowOf(random, key, ++sequence);
          while (log.bytesLeft() < 2L * SEGMENT_BYTES) {
            List<SegmentUse> sealed = log.cleaning().sealedSegments();
            SegmentUse victim =
                new VictimPolicy(log.cleaning().usedSegments())
                    .choose(sealed, log.cleaning().newestGeneration())
                    .orElseThrow();
            Map<Long, Long> before = Map.copyOf(index.sequences);
            clean(log, victim, index);
            flushed.putAll(before);
          }
          appended.put(key, sequence);
          long location = client.append(rec);
          Long old = index.locations.put(key, location);
          if (old != null) {
            assertThat(log.markDead(old)).isTrue();
          }
          index.sequences.put(key, sequence);
          if (random.nextInt(20) == 0) {
            log.flush();
            flushed.putAll(index.sequences);
          }
        }
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      image = disk.imageAfterCrash();
    }
  }

  @Test
  void aFreedSegmentIsFreeAfterARestartAndGivesItsSpaceBack() {
    // given: many full segments
    SimulatedDisk disk = new SimulatedDisk(5);
    LogOptions options = LogOptions.of(7).withSegmentBytes(SEGMENT_BYTES);
    int used;
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      List<Long> locations = new ArrayList<>();
      for (int i = 0; i < 4000; i++) {
        Rec rec = new Rec(RecordFormat.ROW, 1, i, i + 1, 0, new byte[8000]);
        locations.add(client.append(rec));
      }
      log.flush();
      used = log.stats().usedSegments();

      // when: all is dead but one row
      locations.subList(1, locations.size()).forEach(log::markDead);
      SegmentUse first = log.cleaning().sealedSegments().getFirst();
      assertThatThrownBy(() -> log.cleaning().free(List.of(first.number())))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("1 live records");
      List<Integer> dead =
          log.cleaning().sealedSegments().stream()
              .filter(use -> use.liveBytes() == 0)
              .map(SegmentUse::number)
              .toList();
      log.cleaning().free(dead);

      // then
      assertThat(dead).hasSizeGreaterThan(used - 4);
      assertThat(log.stats().usedSegments()).isEqualTo(used - dead.size());
      assertThat(disk.holeBytes()).isGreaterThan((dead.size() - 7L) * (SEGMENT_BYTES - 8192));
      assertThat(client.read(locations.getFirst()).key()).isZero();
      int left = used - dead.size();
      used = left;
    }
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options)) {
      assertThat(log.stats().usedSegments()).isEqualTo(used);
      LogClient.Scan scan = LogClient.scan(log);
      assertThat(scan.damage()).isEmpty();
      assertThat(scan.records().values()).anyMatch(rec -> rec.key() == 0);
    }
  }

  @Test
  void onlyPagesWithLiveRowsAreRead() {
    SimulatedDisk disk = new SimulatedDisk(6);
    LogOptions options = LogOptions.of(7).withSegmentBytes(SEGMENT_BYTES);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      List<Long> locations = new ArrayList<>();
      for (int i = 0; i < 5000; i++) {
        locations.add(client.append(new Rec(RecordFormat.ROW, 1, i, i + 1, 0, new byte[256])));
      }
      log.flush();
      // when
      for (int i = 0; i < locations.size(); i++) {
        if (i != 500 && i != 2500) {
          log.markDead(locations.get(i));
        }
      }
      Index found = new Index();
      assertThat(
              log.cleaning().readLive(log.cleaning().sealedSegments().getFirst().number(), found))
          .isTrue();
      // then
      assertThat(found.locations)
          .isEqualTo(Map.of(500L, locations.get(500), 2500L, locations.get(2500)));
      assertThat(log.cleaning().cleaningReadBytes()).isEqualTo(2 * RecordFormat.PAGE_BYTES);
    }
  }

  @Test
  void aSegmentWithADamagedLiveRecordIsNotTakenForEmptyNorCopiedBehindIt() {
    SimulatedDisk disk = new SimulatedDisk(8);
    LogOptions options = LogOptions.of(7).withSegmentBytes(SEGMENT_BYTES);
    List<Long> locations = new ArrayList<>();
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      for (int i = 0; i < 5000; i++) {
        locations.add(client.append(new Rec(RecordFormat.ROW, 1, i, i + 1, 0, new byte[256])));
      }
      log.flush();
      byte[] image = disk.image();
      image[(int) LogLocation.fileOffset(locations.get(500)) + 40] ^= 1;
      disk.replace(image);
      // when
      Index found = new Index();
      assertThat(
              log.cleaning().readLive(log.cleaning().sealedSegments().getFirst().number(), found))
          .isFalse();
      // then
      assertThat(found.damage).hasSize(1);
      assertThat(found.locations).containsKey(400L).doesNotContainKeys(500L, 600L);
    }
  }

  @Test
  void aBitThatFlipsWhileItIsReadDoesNotMakeASegmentDamaged() {
    SimulatedDisk disk = new SimulatedDisk(9);
    LogOptions options = LogOptions.of(7).withSegmentBytes(SEGMENT_BYTES);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      for (int i = 0; i < 5000; i++) {
        client.append(new Rec(RecordFormat.ROW, 1, i, i + 1, 0, new byte[256]));
      }
      log.flush();
      int sealed = log.cleaning().sealedSegments().getFirst().number();
      long records = log.cleaning().liveRecords(sealed);
      // when: one in twenty reads finds a flipped bit
      disk.withFaults(0, 20);
      int damaged = 0;
      for (int i = 0; i < 300; i++) {
        Index found = new Index();
        if (log.cleaning().readLive(sealed, found)) {
          assertThat(found.locations).hasSize((int) records);
        } else {
          damaged++;
        }
      }
      disk.withFaults(0, 0);
      // then: only where it did so twice in a row
      assertThat(disk.faults()).isGreaterThan(20);
      assertThat(damaged).isLessThan(disk.faults() / 5);
    }
  }
}
