package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.Errno;
import dev.emberkv.uring.IoFailure;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;

/** Power failures at any moment, on a disk that keeps what it likes of what was not synced. */
class CrashTest {
  private static final Path DIRECTORY = Path.of("target");

  private static LogOptions options(Random random) {
    return LogOptions.of(77)
        .withSegmentBytes(1 << 20)
        .withBlocks(4096 << random.nextInt(7), 2 + random.nextInt(4));
  }

  @Property(tries = 60)
  void aPrefixWithAllThatWasFlushedSurvives(@ForAll long seed) {
    crashSixTimes(seed);
  }

  @Property(tries = 2000)
  @Tag("long")
  void aPrefixWithAllThatWasFlushedSurvivesThousandsOfCrashes(@ForAll long seed) {
    crashSixTimes(seed);
  }

  private static void crashSixTimes(long seed) {
    Random random = new Random(seed);
    byte[] image = new byte[0];
    List<Map.Entry<Long, Rec>> survivors = List.of();
    long sequence = 0;
    for (int life = 0; life < 6; life++) {
      SimulatedDisk disk = new SimulatedDisk(random.nextLong(), image);
      List<Map.Entry<Long, Rec>> appended = new ArrayList<>();
      int flushed = 0;
      Rec inDoubt = null;
      try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options(random));
          LogClient client = new LogClient(log, disk)) {
        // then: what survived the last life is there, and goes on being there
        assertThat(entries(log)).isEqualTo(survivors);

        // when: the power goes in the middle of appends and flushes
        disk.withPowerFor(random.nextInt(60));
        int count = random.nextInt(300);
        for (int i = 0; i < count; i++) {
          Rec rec = Rec.random(random, ++sequence, payloadBytes(random));
          inDoubt = rec;
          appended.add(Map.entry(client.append(rec), rec));
          inDoubt = null;
          if (random.nextInt(10) == 0) {
            log.flush();
            flushed = appended.size();
          }
        }
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      image = crash(disk, random);

      // then: of this life's records a prefix is left, the flushed ones at least
      List<Map.Entry<Long, Rec>> found;
      try (SegmentedLog log =
          SegmentedLog.open(new SimulatedDisk(1, image), DIRECTORY, options(random))) {
        found = entries(log);
      }
      List<Map.Entry<Long, Rec>> all = new ArrayList<>(survivors);
      all.addAll(appended);
      if (inDoubt != null && found.size() == all.size() + 1) {
        // A large record can be on the device although its append failed.
        assertThat(found.getLast().getValue()).isEqualTo(inDoubt);
        all.add(found.getLast());
      }
      assertThat(found.size()).isBetween(survivors.size() + flushed, all.size());
      assertThat(found).isEqualTo(all.subList(0, found.size()));
      survivors = found;
    }
  }

  /** Crashes, and maybe again while the log mends itself. */
  private static byte[] crash(SimulatedDisk disk, Random random) {
    byte[] image = disk.imageAfterCrash();
    while (random.nextBoolean()) {
      SimulatedDisk again =
          new SimulatedDisk(random.nextLong(), image).withPowerFor(random.nextInt(6));
      try {
        SegmentedLog.open(again, DIRECTORY, options(random)).close();
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      image = again.imageAfterCrash();
    }
    return image;
  }

  private static List<Map.Entry<Long, Rec>> entries(SegmentedLog log) {
    LogClient.Scan scan = LogClient.scan(log);
    assertThat(scan.damage()).isEmpty();
    return List.copyOf(scan.records().entrySet());
  }

  private static int payloadBytes(Random random) {
    return switch (random.nextInt(8)) {
      case 0 -> random.nextInt(100_000);
      case 1 -> random.nextInt(10_000);
      default -> random.nextInt(600);
    };
  }

  @Test
  void aTailDamagedFromAnySectorOnLeavesThePrefixBefore() {
    // given: a flushed part, and a part behind it that no later page vouches for
    long seed = 20_261_121;
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk(seed);
    Map<Long, Rec> model = new LinkedHashMap<>();
    byte[] image;
    LogOptions options = LogOptions.of(5).withSegmentBytes(1 << 20);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      for (int i = 0; i < 60; i++) {
        Rec rec = Rec.random(random, i, i % 10 == 0 ? 5000 : random.nextInt(900));
        model.put(client.append(rec), rec);
      }
      log.flush();
      image = disk.image();
    }
    int end = (int) LogLocation.fileOffset(last(model)) + 8192;
    List<Map.Entry<Long, Rec>> all = List.copyOf(model.entrySet());
    for (int cut = RecordFormat.PAGE_BYTES; cut < end; cut += 512) {
      for (int way = 0; way < 3; way++) {
        // when: everything from one sector on is zero, garbage, or garbage for one sector
        byte[] torn = image.clone();
        for (int i = cut; i < (way == 2 ? cut + 512 : 1 << 20); i++) {
          torn[i] = way == 0 ? 0 : (byte) random.nextInt();
        }
        // then: every record before it is there, and none that touches it or lies behind it
        try (SegmentedLog log = SegmentedLog.open(new SimulatedDisk(1, torn), DIRECTORY, options)) {
          int from = cut;
          List<Map.Entry<Long, Rec>> expected =
              all.stream().filter(entry -> endOf(entry) <= from).toList();
          assertThat(entries(log))
              .as("seed %d, cut %d, way %d", seed, cut, way)
              .isEqualTo(expected);
        }
      }
    }
  }

  private static long last(Map<Long, Rec> model) {
    return model.keySet().stream().mapToLong(location -> location).max().orElseThrow();
  }

  private static long endOf(Map.Entry<Long, Rec> entry) {
    return LogLocation.fileOffset(entry.getKey())
        + RecordFormat.storedBytes(entry.getValue().payload().length);
  }

  @Test
  void afterAFailedWriteTheLogIsReadOnlyAndNothingIsTriedAgain() {
    // given
    SimulatedDisk disk = new SimulatedDisk(3);
    Random random = new Random(3);
    LogOptions options = LogOptions.of(5).withSegmentBytes(1 << 20);
    SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
    try (LogClient client = new LogClient(log, disk)) {
      Rec before = Rec.random(random, 1, 300);
      final long first = client.append(before);
      log.flush();

      // when
      disk.failWrite(1);
      Rec lost = Rec.random(random, 2, 300);
      final long second = client.append(lost);
      assertThatThrownBy(log::flush)
          .isInstanceOf(IoFailure.class)
          .hasMessageContaining("read-only")
          .hasMessageContaining(SegmentedLog.VOLUME_NAME)
          .hasMessageContaining("EIO");
      int writes = disk.writes();
      int syncs = disk.syncs();

      // then
      assertThatThrownBy(() -> client.append(lost))
          .isInstanceOfSatisfying(
              IoFailure.class, failure -> assertThat(failure.errno()).isEqualTo(Errno.EIO));
      assertThatThrownBy(log::flush).isInstanceOf(IoFailure.class);
      assertThat(client.read(first)).isEqualTo(before);
      assertThat(client.read(second)).isEqualTo(lost);
      assertThatThrownBy(log::close).isInstanceOf(IoFailure.class).hasMessageContaining("EIO");
      assertThat(disk.writes()).isEqualTo(writes);
      assertThat(disk.syncs()).isEqualTo(syncs);
    }
  }

  @Test
  void afterAFailedSyncTheLogIsReadOnly() {
    // given
    SimulatedDisk disk = new SimulatedDisk(4);
    SegmentedLog log =
        SegmentedLog.open(disk, DIRECTORY, LogOptions.of(5).withSegmentBytes(1 << 20));
    try (LogClient client = new LogClient(log, disk)) {
      Rec rec = Rec.random(new Random(4), 1, 300);
      client.append(rec);

      // when
      disk.failSync(1);
      assertThatThrownBy(log::flush)
          .isInstanceOf(IoFailure.class)
          .hasMessageContaining("fdatasync");

      // then
      int syncs = disk.syncs();
      assertThatThrownBy(log::flush)
          .isInstanceOf(IoFailure.class)
          .hasMessageContaining("fdatasync");
      assertThatThrownBy(() -> client.append(rec)).hasMessageContaining("fdatasync");
      assertThat(disk.syncs()).isEqualTo(syncs);
      assertThatThrownBy(log::close).isInstanceOf(IoFailure.class);
    }
  }

  @Test
  void aLargeRecordThatBreaksOffMakesTheLogReadOnly() {
    // given: a payload that goes away while its record is written
    SimulatedDisk disk = new SimulatedDisk(6);
    LogOptions options = LogOptions.of(5).withSegmentBytes(1 << 20).withBlocks(4096, 2);
    SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
    Arena arena = Arena.ofShared();
    MemorySegment payload = arena.allocate(100_000);
    disk.onNextWrite(arena::close);

    // when
    assertThatThrownBy(() -> log.append(2, 1, 1, 1, 1, payload))
        .isInstanceOf(IllegalStateException.class);

    // then: what would come behind it can't be lost, because nothing does
    assertThatThrownBy(() -> log.append(2, 1, 1, 1, 1, MemorySegment.ofArray(new byte[10])))
        .isInstanceOf(IoFailure.class)
        .hasMessageContaining("broken off");
    assertThatThrownBy(log::close).isInstanceOf(IoFailure.class);
  }

  @Test
  void aPayloadThatCannotBeReadHarmsNothing() throws InterruptedException {
    // given: payloads, small and large, that are not this thread's to read
    SimulatedDisk disk = new SimulatedDisk(7);
    LogOptions options = LogOptions.of(5).withSegmentBytes(1 << 20).withBlocks(4096, 2);
    MemorySegment[] others = new MemorySegment[2];
    Thread owner =
        new Thread(() -> {
          others[0] = Arena.ofConfined().allocate(100);
          others[1] = Arena.ofConfined().allocate(100_000);
        });
    owner.start();
    owner.join();
    Random random = new Random(7);
    Map<Long, Rec> model = new LinkedHashMap<>();
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      for (int i = 0; i < 10; i++) {
        Rec rec = Rec.random(random, i, 500);
        model.put(client.append(rec), rec);
        // when
        MemorySegment other = others[i % 2];
        assertThatThrownBy(() -> log.append(2, 1, 1, 1, 1, other))
            .isInstanceOf(WrongThreadException.class);
      }
      // then
      log.flush();
      assertThat(Map.copyOf(LogClient.scan(log).records())).isEqualTo(model);
    }
  }
}
