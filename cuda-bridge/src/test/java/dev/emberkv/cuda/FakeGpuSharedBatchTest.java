package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Batches shared between processes that both have the compiled driver. */
@Tag("fake-driver")
final class FakeGpuSharedBatchTest extends SharedBatchContract {
  @BeforeAll
  static void loadDriver() {
    FakeCuda.library();
  }

  @Override
  String driver() {
    return FakeCuda.library().toString();
  }

  @AfterEach
  void requireNothingLeft() {
    FakeCuda.requireNothingLeft("after a test");
  }

  @Test
  void givenMistakes_whenShared_thenTheMessageSaysWhich() throws Exception {
    try (Store store = TestRows.open(directory);
        Accelerator gpu = Accelerator.gpu(0);
        Accelerator host = Accelerator.host()) {
      Table table = store.createTable(TableSpec.of("t", 12));
      try (PrefetchPipeline pipeline =
              PrefetchPipeline.open(store, table, gpu, PrefetchOptions.of(8));
          DeviceBatch batch =
              pipeline.await(pipeline.submit(MemorySegment.ofArray(new long[] {1})))) {
        assertThatThrownBy(batch::share)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("shareable");
      }
      assertThatThrownBy(() ->
              PrefetchPipeline.open(store, table, host, PrefetchOptions.of(8).withShareable(true)))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> SharedBatch.of(new byte[3]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not 3");
    }
  }
}
