package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What goes into the log comes out again, before and after a restart. */
class RoundTripTest {
  /** Payload sizes around everything that the layout treats specially. */
  private static final int[] EDGES = {
    0, 1, 31, 32, 33, 256, 4031, 4032, 4033, 4063, 4064, 4065, 4096, 8159, 8160, 8161, 65_503,
    65_504, 65_505, 131_072
  };

  @Property(tries = 25)
  void everythingFlushedIsThereAfterAReopen(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int sessions) throws IOException {
    Path directory = Files.createTempDirectory("emberkv-log");
    Random random = new Random(seed);
    LogOptions options =
        LogOptions.of(seed | 1)
            .withSegmentBytes(1 << 20)
            .withBlocks(4096 << random.nextInt(6), 2 + random.nextInt(6));
    Map<Long, Rec> model = new LinkedHashMap<>();
    try (IoBackend backend = IoBackend.open(IoMode.PORTABLE)) {
      long sequence = 0;
      for (int session = 0; session < sessions; session++) {
        try (SegmentedLog log = SegmentedLog.open(backend, directory, options);
            LogClient client = new LogClient(log, backend)) {
          // then: what the last session left is all there, in order
          LogClient.Scan scan = LogClient.scan(log);
          assertThat(scan.damage()).isEmpty();
          assertThat(List.copyOf(scan.records().entrySet()))
              .isEqualTo(List.copyOf(model.entrySet()));

          // when: more is appended
          for (int i = 0; i < 100; i++) {
            Rec rec = Rec.random(random, ++sequence, payloadBytes(random));
            assertThat(model.put(client.append(rec), rec)).isNull();
            if (random.nextInt(20) == 0) {
              log.flush();
            }
          }

          // then: each record is found, in a buffer or on the device
          List<Map.Entry<Long, Rec>> all = new ArrayList<>(model.entrySet());
          for (int i = 0; i < 100; i++) {
            Map.Entry<Long, Rec> one = all.get(random.nextInt(all.size()));
            assertThat(client.read(one.getKey())).isEqualTo(one.getValue());
          }
        }
      }
    }
    Files.delete(directory.resolve(SegmentedLog.VOLUME_NAME));
    Files.delete(directory);
  }

  private static int payloadBytes(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> EDGES[random.nextInt(EDGES.length)];
      case 1 -> random.nextInt(65_536);
      default -> random.nextInt(600);
    };
  }
}
