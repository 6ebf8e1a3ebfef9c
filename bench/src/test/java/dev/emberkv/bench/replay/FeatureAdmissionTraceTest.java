package dev.emberkv.bench.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.FeatureAdmission;
import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.RowStatus;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A trace's items, pushed in its order to a table that admits an id when it is seen twice. */
final class FeatureAdmissionTraceTest {
  private static final Path REAL_TRACE =
      Path.of(
          System.getProperty(
              "emberkv.trace",
              Path.of("..", "..", "shared", "traces", "video-interactions.txt").toString()));
  private static final int DIM = 4;
  private static final int BATCH = 1000;

  private static List<Long> items() throws IOException {
    List<String> lines;
    if (Files.exists(REAL_TRACE)) {
      System.out.println("FeatureAdmissionTraceTest: all lines of " + REAL_TRACE);
      lines = Files.readAllLines(REAL_TRACE);
    } else {
      System.out.println(
          "FeatureAdmissionTraceTest: no " + REAL_TRACE + ", so generated interactions");
      lines = Traces.grouped(8000, 10_000, 4, 5);
    }
    return lines.stream().map(line -> Long.valueOf(line.split("\\s+", -1)[1])).toList();
  }

  @Test
  void givenAdmissionAfterTwoTimesWhenATraceIsPushedThenJustTheItemsSeenTwiceAreStored(
      @TempDir Path directory) throws IOException {
    List<Long> items = items();
    TableSpec spec =
        TableSpec.of("items", DIM)
            .withOptimizer(Optimizer.adagrad())
            .withAdmission(new FeatureAdmission.Counted(2, FeatureAdmission.Sight.PUSHES));
    Map<Long, Long> seen =
        items.stream()
            .collect(Collectors.groupingBy(id -> id, HashMap::new, Collectors.counting()));
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(64L << 20))) {
      Table table = store.createTable(spec);
      for (int from = 0; from < items.size(); from += BATCH) {
        long[] keys =
            items.subList(from, Math.min(items.size(), from + BATCH)).stream()
                .mapToLong(id -> id)
                .toArray();
        table.push(keys, new float[keys.length * DIM]);
      }
      Map<Boolean, Long> counts =
          seen.values().stream()
              .collect(Collectors.partitioningBy(n -> n >= 2, Collectors.counting()));
      System.out.println(
          "FeatureAdmissionTraceTest: %d interactions, %d items, %d of them seen twice, %d stored"
              .formatted(items.size(), seen.size(), counts.get(true), table.size()));
      assertThat(table.size()).isEqualTo(counts.get(true));
      assertThat(stored(table, seen.keySet().stream()))
          .isEqualTo(
              seen.entrySet().stream()
                  .filter(item -> item.getValue() >= 2)
                  .map(Map.Entry::getKey)
                  .collect(Collectors.toSet()));
    }
  }

  private static Set<Long> stored(Table table, Stream<Long> ids) {
    MemorySegment row = MemorySegment.ofArray(new float[DIM]);
    return ids.filter(
            id -> {
              byte status = table.get(id, row);
              return status == RowStatus.HOT || status == RowStatus.COLD;
            })
        .collect(Collectors.toSet());
  }
}
