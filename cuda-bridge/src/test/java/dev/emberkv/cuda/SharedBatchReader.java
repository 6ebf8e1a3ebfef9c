package dev.emberkv.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;

/** Opens a shared batch and prints its rows; run in a process of its own. */
final class SharedBatchReader {
  private SharedBatchReader() {}

  /** Takes the path of the driver library, or "-" for the machine's own, and the shared batch. */
  public static void main(String[] args) {
    if (!args[0].equals("-")) {
      System.load(args[0]);
    }
    SharedBatch shared = SharedBatch.of(HexFormat.of().parseHex(args[1]));
    try (Accelerator accelerator = Accelerator.gpu(0);
        OpenedBatch batch = shared.open(accelerator);
        Arena arena = Arena.ofConfined()) {
      batch.synchronize();
      batch.awaitOn(0);
      MemorySegment rows = arena.allocate((long) shared.rowCount() * shared.rowBytes());
      batch.copyTo(rows);
      System.out.println(HexFormat.of().formatHex(rows.toArray(ValueLayout.JAVA_BYTE)));
    }
  }
}
