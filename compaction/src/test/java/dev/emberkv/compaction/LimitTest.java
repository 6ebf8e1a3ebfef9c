package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.emberkv.simulation.SimulatedDisk;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What happens at the ends of what there is. */
class LimitTest {
  private static final Path DIRECTORY = Path.of("target");
  private static final int SEGMENT_BYTES = 1 << 20;
  private static final LogOptions OPTIONS =
      LogOptions.of(5).withSegmentBytes(SEGMENT_BYTES).withBlocks(64 << 10, 4);

  private final Random random = new Random(12);
  private final Map<Long, Rec> model = new LinkedHashMap<>();
  private long sequence;

  private void append(LogClient client, int kind) {
    Rec rec = new Rec(kind, 1, random.nextLong(), ++sequence, 0, new byte[1000]);
    assertThat(model.put(client.append(rec), rec)).isNull();
  }

  private StoreFullException fill(LogClient client, int kind) {
    return catchThrowableOfType(
        StoreFullException.class,
        () -> {
          while (true) {
            append(client, kind);
          }
        });
  }

  @Test
  void atTheDiskLimitRowsAreRefusedAndDeletesStillFindRoom() {
    // given
    SimulatedDisk disk = new SimulatedDisk(1);
    LogOptions options = OPTIONS.withDiskLimitBytes(8L * SEGMENT_BYTES + 5);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
        LogClient client = new LogClient(log, disk)) {
      // when
      StoreFullException full = fill(client, RecordFormat.ROW);
      // then
      assertThat(full).hasMessage("the store is full: 5242880 of at most 8388613 bytes are in use");
      assertThat(full.usedBytes()).isEqualTo(5L * SEGMENT_BYTES);
      assertThat(full.limitBytes()).isEqualTo(8L * SEGMENT_BYTES + 5);
      assertThatThrownBy(() -> append(client, RecordFormat.STRING))
          .isInstanceOf(StoreFullException.class);

      // when
      int rows = model.size();
      assertThat(fill(client, RecordFormat.TOMBSTONE).usedBytes()).isEqualTo(6L * SEGMENT_BYTES);
      // then
      assertThat(model.size() - rows).isGreaterThan(700);
      log.flush();
      assertThat(LogClient.scan(log).records()).isEqualTo(model);
    }
    assertThat(disk.image().length).isEqualTo(8 * SEGMENT_BYTES);

    // then: it is as full after a restart, again and again
    for (int i = 0; i < 3; i++) {
      try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
          LogClient client = new LogClient(log, disk)) {
        assertThat(LogClient.scan(log).records()).isEqualTo(model);
        assertThatThrownBy(() -> append(client, RecordFormat.ROW))
            .isInstanceOf(StoreFullException.class);
      }
    }
  }

  @Test
  void onAFullDiskTheCauseIsNamedAndRowsGoOnWhenThereIsRoomAgain() {
    // given
    SimulatedDisk disk = new SimulatedDisk(1).withCapacityBytes(5L * SEGMENT_BYTES);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS);
        LogClient client = new LogClient(log, disk)) {
      // when
      StoreFullException full = fill(client, RecordFormat.ROW);
      // then
      assertThat(full).hasMessageContaining("the volume can't grow").hasMessageContaining("ENOSPC");

      // when
      append(client, RecordFormat.DROP);
      disk.withCapacityBytes(8L * SEGMENT_BYTES);
      for (int i = 0; i < 1000; i++) {
        append(client, RecordFormat.ROW);
      }
      // then
      log.flush();
      assertThat(LogClient.scan(log).records()).isEqualTo(model);
    }
  }

  @Test
  void theLargestRecordFitsAndOneByteMoreIsRefused() {
    for (int segmentBytes : new int[] {1 << 20, 32 << 20}) {
      SimulatedDisk disk = new SimulatedDisk(1);
      LogOptions options = OPTIONS.withSegmentBytes(segmentBytes);
      try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, options);
          LogClient client = new LogClient(log, disk)) {
        int max = log.maxPayloadBytes();
        Rec before = Rec.random(random, 1, 100);
        Rec largest = Rec.random(random, 2, max);
        Rec after = Rec.random(random, 3, 100);
        Map<Long, Rec> expected = new LinkedHashMap<>();
        for (Rec rec : new Rec[] {before, largest, after}) {
          long location = client.append(rec);
          expected.put(location, rec);
          assertThat(client.read(location)).isEqualTo(rec);
        }
        log.flush();
        assertThat(LogClient.scan(log).records()).isEqualTo(expected);
        assertThatThrownBy(() -> client.append(Rec.random(random, 4, max + 1)))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("payloadBytes must be 0 to %d, not %d".formatted(max, max + 1));
      }
    }
  }

  @Test
  void optionsAndArgumentsOutOfRangeAreNamed() {
    LogOptions good = LogOptions.of(1);
    assertThatThrownBy(() -> good.withSegmentBytes(3 << 20))
        .hasMessage("segmentBytes must be a power of two from 1048576 to 67108864, not 3145728");
    assertThatThrownBy(() -> good.withDiskLimitBytes(1 << 20))
        .hasMessage("diskLimitBytes must be at least 8 segments of 33554432 bytes, not 1048576");
    assertThatThrownBy(() -> good.withBlocks(1000, 4)).hasMessageEndingWith("not 1000");
    assertThatThrownBy(() -> good.withBlocks(4096, 1)).hasMessage("blocks must be 2 to 64, not 1");
    SimulatedDisk disk = new SimulatedDisk(1);
    try (SegmentedLog log = SegmentedLog.open(disk, DIRECTORY, OPTIONS)) {
      assertThatThrownBy(() -> log.append(0, 0, 1, 1, 1, 0, 0))
          .hasMessage("kind must be 1 to 126, not 0");
      assertThatThrownBy(() -> log.append(127, 0, 1, 1, 1, 0, 0))
          .hasMessage("kind must be 1 to 126, not 127");
      assertThatThrownBy(() -> log.append(3, 1 << 16, 1, 1, 1, 0, 0))
          .hasMessage("table must be 0 to 65535, not 65536");
      assertThatThrownBy(() -> log.append(1, 1, 1, 1, 1, 0, -1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aClosedLogSaysSo() {
    SegmentedLog log = SegmentedLog.open(new SimulatedDisk(1), DIRECTORY, OPTIONS);
    log.close();
    log.close();
    assertThatThrownBy(() -> log.append(3, 1, 1, 1, 1, 0, 0)).hasMessage("the log is closed");
    assertThatThrownBy(log::flush).hasMessage("the log is closed");
  }
}
