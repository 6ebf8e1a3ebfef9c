package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Whatever becomes of the bytes on the device, no wrong record is ever handed out. */
class CorruptionTest {
  private static final Path DIRECTORY = Path.of("target");
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final LogOptions OPTIONS =
      LogOptions.of(0x5eed).withSegmentBytes(SEGMENT_BYTES).withBlocks(64 << 10, 4);

  private final Map<Long, Rec> model = new LinkedHashMap<>();

  /** Fills some segments and closes the log in good order. */
  private byte[] filled(long seed, int records, int maxPayloadBytes) {
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk(seed);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS);
        LogClient client = new LogClient(log, disk)) {
      for (int i = 0; i < records; i++) {
        Rec rec = Rec.random(random, i, random.nextInt(maxPayloadBytes));
        model.put(client.append(rec), rec);
        if (random.nextInt(50) == 0) {
          log.flush();
        }
      }
    }
    return disk.image();
  }

  private LogClient.Scan scan(byte[] image) {
    try (SegmentedLog log = SegmentedLog.open(new SimulatedDisk(1, image), DIRECTORY, OPTIONS)) {
      LogClient.Scan scan = LogClient.scan(log);
      scan.records().forEach((location, rec) -> assertThat(rec).isEqualTo(model.get(location)));
      return scan;
    }
  }

  @Property(tries = 150)
  void aFlippedBitIsReportedAndCostsOnePageAtMost(@ForAll long seed) {
    // given
    Random random = new Random(seed);
    model.clear();
    byte[] image = filled(seed, 600, random.nextBoolean() ? 400 : 9000);
    int end = endOfLastPage();

    // when
    int bit = random.nextInt(end * 8);
    flip(image, bit);
    LogClient.Scan scan = scan(image);

    // then
    int offset = bit / 8 % SEGMENT_BYTES;
    int dataEnd = dataEnd(image, bit / 8 / SEGMENT_BYTES);
    boolean unused = offset >= dataEnd && !isFooter(offset);
    boolean mended = offset < Segment.DATA_START && dataEnd == SEGMENT_BYTES;
    if (unused || mended) {
      assertThat(scan.damage()).isEmpty();
      assertThat(scan.records()).isEqualTo(model);
    } else {
      assertThat(scan.damage()).hasSizeBetween(1, 2);
      assertThat(scan.damage().getFirst()).contains("segment " + bit / 8 / SEGMENT_BYTES + ",");
      assertThat(model.size() - scan.records().size()).isLessThanOrEqualTo(128);
    }
  }

  private int endOfLastPage() {
    return model.entrySet().stream()
        .mapToInt(entry ->
            (int) LogLocation.fileOffset(entry.getKey())
                    + RecordFormat.storedBytes(entry.getValue().payload().length)
                    + RecordFormat.PAGE_BYTES
                    - 1
                & -RecordFormat.PAGE_BYTES)
        .max()
        .orElseThrow();
  }

  private long lastLocation() {
    return model.keySet().stream().mapToLong(location -> location).max().orElseThrow();
  }

  private static boolean isFooter(int offset) {
    return offset >= SEGMENT_BYTES - RecordFormat.PAGE_BYTES;
  }

  /** Returns where the records of a segment end by its footer, or its end when it has none. */
  private static int dataEnd(byte[] image, int segment) {
    int footer = (segment + 1) * SEGMENT_BYTES - RecordFormat.PAGE_BYTES;
    int end = DataFileReader.littleEndianInt(image, footer + 64);
    return end == 0 ? SEGMENT_BYTES : end;
  }

  private static void flip(byte[] image, int bit) {
    image[bit / 8] ^= (byte) (1 << bit % 8);
  }

  @Test
  void everySingleFlippedBitOfARecordIsDetected() {
    // given
    long seed = 99;
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk(seed);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS);
        LogClient client = new LogClient(log, disk);
        NativeMemory memory = NativeMemory.reserve(RecordFormat.MAX_RECORD_BYTES)) {
      for (int payloadBytes : new int[] {0, 5, 256, 4064, 5000}) {
        long location = client.append(Rec.random(random, 7, payloadBytes));
        int stored = RecordFormat.storedBytes(payloadBytes);
        long image = memory.address();
        int all = RecordFormat.MAX_RECORD_BYTES;
        assertThat(log.readBuffered(location, image, stored)).isTrue();
        assertThat(log.verify(image, location, all)).isEqualTo(32 + payloadBytes);
        for (int bit = 0; bit < stored * 8; bit++) {
          // when
          long address = image + bit / 8;
          byte right = RawMemory.getByte(address);
          RawMemory.putByte(address, (byte) (right ^ 1 << bit % 8));
          // then
          assertThatThrownBy(() -> log.verify(image, location, all))
              .as("payload %d, bit %d", payloadBytes, bit)
              .isInstanceOf(CorruptionException.class);
          RawMemory.putByte(address, right);
        }
      }
    }
  }

  @Test
  void corruptionNamesSegmentAndOffset() {
    // given
    byte[] image = filled(4, 3000, 1000);
    long location = lastLocation();
    image[(int) LogLocation.fileOffset(location) + 40] ^= 1;
    SimulatedDisk disk = new SimulatedDisk(1, image);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS);
        LogClient client = new LogClient(log, disk)) {
      // when, then
      assertThatThrownBy(() -> client.read(location))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("segment " + LogLocation.fileOffset(location) / SEGMENT_BYTES)
          .hasMessageContaining("offset " + LogLocation.fileOffset(location) % SEGMENT_BYTES)
          .hasMessageContaining("expected a record");
    }
  }

  @Test
  void aPageThatWasWrittenToAnotherPlaceIsDetected() {
    // given
    byte[] image = filled(5, 3000, 300);
    int page = RecordFormat.PAGE_BYTES;

    // when: page 10 of segment 0 is at page 20 as well
    System.arraycopy(image, 10 * page, image, 20 * page, page);
    LogClient.Scan scan = scan(image);

    // then
    assertThat(scan.damage()).hasSize(1);
    assertThat(scan.damage().getFirst()).contains("segment 0, offset " + 20 * page);
    assertThat(scan.records().size()).isBetween(model.size() - 128, model.size() - 1);
  }

  @Test
  void aLostWriteIsDetected() {
    // given
    byte[] image = filled(5, 3000, 300);
    int page = RecordFormat.PAGE_BYTES;

    // when: what should be page 20 was never written
    Arrays.fill(image, 20 * page, 21 * page, (byte) 0);

    // then
    assertThat(scan(image).damage()).singleElement().asString().contains("offset " + 20 * page);
  }

  @Test
  void recordsOfAnEarlierUseOfTheSegmentAreNotTakenForNewOnes() {
    // given: a segment full of records
    byte[] image = filled(6, 1000, 300);
    long location = model.keySet().iterator().next();
    try (NativeMemory page = NativeMemory.reserve(RecordFormat.PAGE_BYTES)) {
      // when: it is used again, and crashes behind its header
      new SegmentHeader(OPTIONS.storeId(), 0, SEGMENT_BYTES, 0, 9, 1234, 5000)
          .write(page.address());
      for (int i = 0; i < RecordFormat.PAGE_BYTES; i++) {
        image[i] = RawMemory.getByte(page.address() + i);
      }
    }
    SimulatedDisk disk = new SimulatedDisk(1, image);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS);
        LogClient client = new LogClient(log, disk)) {
      // then
      assertThat(LogClient.scan(log)).isEqualTo(new LogClient.Scan(Map.of(), List.of()));
      assertThatThrownBy(() -> client.read(location)).isInstanceOf(CorruptionException.class);
    }
  }

  @Test
  void aDamagedHeaderIsReportedAndTheRecordsAreStillFound() {
    // given
    byte[] image = filled(7, 9000, 300);
    // when
    image[17] ^= 4;
    LogClient.Scan scan = scan(image);
    // then
    assertThat(scan.damage()).singleElement().asString().contains("segment 0, offset 0: expected");
    assertThat(scan.records()).isEqualTo(model);
  }

  @Test
  void aLostFooterIsReportedAndTheRecordsAreStillFound() {
    // given
    byte[] image = filled(8, 9000, 300);
    // when
    int footer = SEGMENT_BYTES - RecordFormat.PAGE_BYTES;
    Arrays.fill(image, footer, SEGMENT_BYTES, (byte) 0);
    LogClient.Scan scan = scan(image);
    // then
    assertThat(scan.damage()).singleElement().asString().contains("segment 0, offset " + footer);
    assertThat(scan.records()).isEqualTo(model);
  }

  @Test
  void aSegmentWithoutHeaderAndFooterIsReportedAndNotUsedAgain() {
    // given
    byte[] image = filled(9, 9000, 300);
    image[17] ^= 4;
    image[SEGMENT_BYTES - 4000] ^= 4;
    SimulatedDisk disk = new SimulatedDisk(1, image);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS)) {
      // when
      LogClient.Scan scan = LogClient.scan(log);
      // then
      assertThat(scan.damage()).singleElement().asString().contains("segment 0, offset 0");
      assertThat(scan.records().keySet())
          .isEqualTo(
              model.keySet().stream()
                  .filter(location -> LogLocation.fileOffset(location) >= SEGMENT_BYTES)
                  .collect(Collectors.toSet()));
      assertThat(log.stats().freeSegments() + log.stats().usedSegments())
          .isEqualTo(image.length / SEGMENT_BYTES);
    }
  }

  @Test
  void anotherStoresVolumeIsRefused() {
    SimulatedDisk disk = new SimulatedDisk(1, filled(10, 10, 300));
    LogOptions other = LogOptions.of(0xbad).withSegmentBytes(SEGMENT_BYTES);
    assertThatThrownBy(() -> SegmentedLog.open(disk, DIRECTORY, other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("belongs to the store 0000000000005eed, not 0000000000000bad");
  }

  @Test
  void aVolumeKeepsTheSegmentSizeThatItWasMadeWith() {
    SimulatedDisk disk = new SimulatedDisk(1, filled(10, 10, 300));
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS.withSegmentBytes(2 << 20))) {
      assertThat(log.segmentBytes()).isEqualTo(SEGMENT_BYTES);
      assertThat(LogClient.scan(log).records()).isEqualTo(model);
    }
  }

  @Test
  void anyStoreTakesTheVolumesId() {
    SimulatedDisk disk = new SimulatedDisk(1, filled(10, 10, 300));
    LogOptions any = LogOptions.of(LogOptions.ANY_STORE).withSegmentBytes(SEGMENT_BYTES);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, any)) {
      assertThat(log.storeId()).isEqualTo(OPTIONS.storeId());
      assertThat(LogClient.scan(log).records()).isEqualTo(model);
    }
  }

  @Test
  void aReaderWrittenFromTheDocumentFindsTheSameRecords() {
    byte[] image = filled(11, 2000, 6000);
    assertThat(DataFileReader.read(image)).isEqualTo(model);
  }
}
