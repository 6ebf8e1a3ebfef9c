package dev.emberkv.compaction;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoMode;
import dev.emberkv.uring.RawMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

/** A start that replays digests learns what one learns that reads every record. */
class DigestTest {
  private static final KeptPayload KEPT =
      (kind, address, bytes) -> kind == RecordFormat.STRING ? Math.min(bytes, 5) : bytes;

  /** An archive in memory. */
  private static class Archive implements DigestArchive {
    final Map<DigestId, byte[][]> digests = new ConcurrentHashMap<>();
    final AtomicInteger used = new AtomicInteger();

    @Override
    public boolean has(DigestId id) {
      return digests.containsKey(id);
    }

    @Override
    public byte @Nullable [][] find(DigestId id) {
      byte[][] found = digests.get(id);
      used.addAndGet(found == null ? 0 : 1);
      return found;
    }

    @Override
    public void put(DigestId id, byte[][] pieces) {
      assertThat(digests.put(id, pieces)).isNull();
    }

    @Override
    public void retain(Set<DigestId> current) {
      // more than a store keeps: what stays behind must do no harm
      assertThat(digests.keySet()).containsAll(current);
    }
  }

  /** What a visitor was told of a record; of a row's payload only the length. */
  private record Event(
      long location, int kind, int table, long key, long sequence, int bytes, List<Byte> kept) {}

  /** Notes what a visitor is told. */
  private static final class Events implements RecordVisitor {
    final List<Event> all = new ArrayList<>();

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
      boolean committed = RecordFormat.isCommitted(payloadAddress - RecordFormat.HEADER_BYTES);
      int kept = kind == RecordFormat.ROW ? 0 : KEPT.bytes(kind, payloadAddress, payloadBytes);
      byte[] bytes = new byte[kept];
      MemorySegment.copy(RawMemory.all(), JAVA_BYTE, payloadAddress, bytes, 0, kept);
      List<Byte> content = new ArrayList<>();
      for (byte one : bytes) {
        content.add(one);
      }
      int flagged = kind | (committed ? RecordFormat.COMMITTED : 0);
      all.add(new Event(location, flagged, table, key, sequence, payloadBytes, content));
    }

    @Override
    public void corrupt(long segment, long offset, String expected) {
      throw new AssertionError("segment " + segment + " offset " + offset);
    }
  }

  /** Notes what a replay tells, in the order of the log. */
  private static final class Replay implements SegmentReplay {
    private final ConcurrentSkipListMap<Integer, List<Event>> bySegment =
        new ConcurrentSkipListMap<>();

    @Override
    public RecordVisitor begin(int ordinal, int segment, long generation) {
      return new Events();
    }

    @Override
    public void end(int ordinal, RecordVisitor visitor) {
      assertThat(bySegment.put(ordinal, ((Events) visitor).all)).isNull();
    }

    List<Event> events() {
      assertThat(bySegment.keySet()).hasSize(bySegment.isEmpty() ? 0 : bySegment.lastKey() + 1);
      return bySegment.values().stream().flatMap(List::stream).toList();
    }
  }

  private static List<Event> eventsOf(SegmentedLog log, DigestArchive archive) {
    Replay replay = new Replay();
    log.recover(replay, archive);
    return replay.events();
  }

  @Property(tries = 20)
  void isWorthTheSegment(@ForAll long seed, @ForAll @IntRange(min = 2, max = 7) int sessions)
      throws IOException {
    Path directory = Files.createTempDirectory("emberkv-log");
    Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
    Random random = new Random(seed);
    LogOptions options = LogOptions.of(seed | 1).withSegmentBytes(1 << 20);
    Archive archive = new Archive();
    byte[] past = null;
    try (IoBackend backend = IoBackend.open(IoMode.PORTABLE)) {
      long sequence = 0;
      for (int session = 0; session < sessions; session++) {
        if (past != null && random.nextInt(3) == 0) {
          // when: the volume is what it was before, with digests of another future around
          Files.write(volume, past);
          past = null;
        }
        List<Event> scanned;
        List<SegmentUse> usedAfterScan;
        try (SegmentedLog log = SegmentedLog.open(backend, directory, options)) {
          Events events = new Events();
          log.scan(events);
          scanned = events.all;
          assertThat(eventsOf(log, DigestArchive.NONE)).isEqualTo(scanned);
          usedAfterScan = log.cleaning().usedSegments();
        }
        int usedBefore = archive.used.get();
        try (SegmentedLog log = SegmentedLog.open(backend, directory, options)) {
          // then
          assertThat(eventsOf(log, archive)).isEqualTo(scanned);
          assertThat(log.cleaning().usedSegments()).isEqualTo(usedAfterScan);
          assertThat(archive.used.get() - usedBefore).isEqualTo(segmentsWithDigest(log, archive));
          sequence = append(log, random, sequence);
          log.flush();
          if (random.nextBoolean()) {
            log.archive(archive, KEPT);
          }
        }
        if (random.nextInt(3) == 0) {
          past = Files.readAllBytes(volume);
        }
      }
    }
    Files.delete(volume);
    Files.delete(directory);
  }

  /** Counts the segments whose newest digest is of their present use, and was made in this past. */
  private static long segmentsWithDigest(SegmentedLog log, Archive archive) {
    Set<DigestId> current = new HashSet<>();
    log.archive(
        new Archive() {
          @Override
          public boolean has(DigestId id) {
            current.add(id);
            return true;
          }

          @Override
          public void retain(Set<DigestId> all) {}
        },
        KEPT);
    return current.stream().filter(archive::has).count();
  }

  private static long append(SegmentedLog log, Random random, long first) {
    long sequence = first;
    int count = random.nextInt(6000);
    for (int i = 0; i < count; i++) {
      boolean odd = random.nextInt(8) == 0;
      sequence += random.nextInt(3);
      Rec rec =
          odd
              ? Rec.random(random, sequence, random.nextInt(random.nextInt(5) == 0 ? 9000 : 300))
              : new Rec(
                  RecordFormat.ROW | (random.nextInt(20) == 0 ? RecordFormat.COMMITTED : 0),
                  1 + random.nextInt(random.nextInt(30) == 0 ? 60_000 : 1),
                  random.nextLong(),
                  random.nextInt(40) == 0 ? random.nextLong() : sequence,
                  0,
                  new byte[random.nextInt(30) == 0 ? 1 + random.nextInt(5000) : 256]);
      log.append(
          rec.kind(),
          rec.table(),
          rec.key(),
          rec.sequence(),
          rec.time(),
          MemorySegment.ofArray(rec.payload()));
    }
    return sequence;
  }
}
