package dev.emberkv.peers.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.peers.store.GradientStore;
import dev.emberkv.peers.store.RowBuffers;
import dev.emberkv.peers.store.RowStore;
import dev.emberkv.peers.store.StorePlace;
import dev.emberkv.peers.store.Stores;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trainer's steps on a store that has none, against this store's own. */
final class GradientWorkTest {
  private static final int ROWS = 50;
  private static final int ROW_BYTES = 64;
  private static final int BATCH = 200; // more than rows: all steps have duplicates

  @Test
  void givenTheSameGradientsWhenPushedThenReadMoveWriteGivesWhatTheStoreDoes(@TempDir Path folder) {
    StorePlace place = new StorePlace(folder.toString(), 1000, ROWS, ROW_BYTES, 64L << 20, true);
    try (RowStore ember = Stores.ember(place);
        RowStore heap = Stores.heap(place)) {
      // given
      GradientWork own = work(ember);
      GradientWork others = work(heap);
      own.load(ROWS);
      others.load(ROWS);

      // when
      Histogram latencies = new Histogram(3);
      for (int step = 0; step < 20; step++) {
        own.prepare();
        others.prepare();
        own.run(latencies);
        others.run(latencies);
        own.verify();
        others.verify();
      }

      // then
      float[] weights = new float[ROW_BYTES / 8];
      RowBuffers row = new RowBuffers(1, ROW_BYTES);
      for (int key = 0; key < ROWS; key++) {
        ((GradientStore) ember).readWeights(key, MemorySegment.ofArray(weights));
        heap.get(GradientWork.FIRST_KEY + key, row);
        for (int i = 0; i < weights.length; i++) {
          float other = row.rows().getAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, i);
          assertThat(other).isCloseTo(weights[i], within(1e-6f)).isNotZero();
        }
      }
    }
  }

  private static GradientWork work(RowStore store) {
    KeyStream keys = new KeySource.Zipf(0.99).open(ROWS, 3);
    return new GradientWork(store, keys, BATCH, ROW_BYTES);
  }
}
