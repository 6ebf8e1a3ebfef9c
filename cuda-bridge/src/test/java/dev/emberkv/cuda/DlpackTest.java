package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Dtype;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The descriptor that frameworks take a batch over with. */
final class DlpackTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"F32, 2, 32, 5, 5", "F16, 2, 16, 5, 5", "BF16, 4, 16, 5, 5", "I8, 1, 8, 13, 13"})
  void givenABatch_whenDescribed_thenShapeStridesAndTypeAreTheTables(
      Dtype dtype, int code, int bits, long columns, long stride) throws Exception {
    try (Store store = TestRows.open(directory);
        Accelerator accelerator = Accelerator.host()) {
      Table table = store.createTable(TableSpec.of("t", 5).withDtype(dtype));
      TestRows.fill(table, 10, 1);
      try (PrefetchPipeline pipeline =
          PrefetchPipeline.open(store, table, accelerator, PrefetchOptions.of(8).withDepth(1))) {
        DeviceBatch batch =
            pipeline.await(pipeline.submit(MemorySegment.ofArray(new long[] {3, 4})));
        try (DlpackTensor tensor = batch.toDlpack()) {
          MemorySegment raw =
              MemorySegment.ofAddress(tensor.address()).reinterpret(DlpackLayout.MANAGED_BYTES);

          assertThat(raw.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(batch.address());
          assertThat(raw.get(ValueLayout.JAVA_INT, 8)).isEqualTo(DlpackLayout.CPU);
          assertThat(raw.get(ValueLayout.JAVA_INT, 12)).isZero();
          assertThat(raw.get(ValueLayout.JAVA_INT, 16)).isEqualTo(2);
          assertThat(raw.get(ValueLayout.JAVA_BYTE, 20)).isEqualTo((byte) code);
          assertThat(raw.get(ValueLayout.JAVA_BYTE, 21)).isEqualTo((byte) bits);
          assertThat(raw.get(ValueLayout.JAVA_SHORT, 22)).isEqualTo((short) 1);
          assertThat(longs(raw.get(ValueLayout.ADDRESS, 24))).containsExactly(2, columns);
          assertThat(longs(raw.get(ValueLayout.ADDRESS, 32))).containsExactly(stride, 1);
          assertThat(raw.get(ValueLayout.JAVA_LONG, 40)).isZero();
          assertThat(pipeline.freePlaces()).isZero();
        }
        assertThat(pipeline.freePlaces()).isEqualTo(1);
      }
    }
  }

  private static long[] longs(MemorySegment pointer) {
    return pointer.reinterpret(2 * Long.BYTES).toArray(ValueLayout.JAVA_LONG);
  }

  @Test
  void givenATensorThatWasTakenOver_whenItsDeleterIsCalled_thenTheBatchIsGivenBack()
      throws Throwable {
    try (Store store = TestRows.open(directory);
        Accelerator accelerator = Accelerator.host()) {
      Table table = store.createTable(TableSpec.of("t", 4));
      try (PrefetchPipeline pipeline =
          PrefetchPipeline.open(store, table, accelerator, PrefetchOptions.of(8).withDepth(1))) {
        DlpackTensor tensor =
            pipeline.await(pipeline.submit(MemorySegment.ofArray(new long[] {1}))).toDlpack();
        MemorySegment self = MemorySegment.ofAddress(tensor.address());
        MemorySegment deleter =
            self.reinterpret(DlpackLayout.MANAGED_BYTES)
                .get(ValueLayout.ADDRESS, DlpackLayout.DELETER);

        Linker.nativeLinker()
            .downcallHandle(deleter, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS))
            .invokeWithArguments(self);

        assertThat(pipeline.freePlaces()).isEqualTo(1);
        tensor.close();
      }
    }
  }
}
