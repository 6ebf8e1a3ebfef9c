package dev.emberkv.engine;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The process that {@link StoreKillTest} kills: two writers and a thread that flushes. It tells on
 * standard output what begins and what is done, each in one write that a pipe keeps whatever
 * becomes of the process.
 */
final class CrashChild {
  static final char BATCH_BEGUN = 'b';
  static final char BATCH_ENDED = 'e';
  static final char FLUSH_BEGUN = 'f';
  static final char FLUSH_ENDED = 'g';

  private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

  private CrashChild() {}

  /** Runs until it is killed; arguments: directory, durability, seed, number of the first batch. */
  public static void main(String[] args) {
    Durability durability = Durability.valueOf(args[1]);
    new CrashChild()
        .run(Path.of(args[0]), durability, Long.parseLong(args[2]), Integer.parseInt(args[3]));
  }

  static StoreOptions options(Path directory, Durability durability) {
    return StoreOptions.of(directory)
        .withMemoryBytes(CrashWorkload.MEMORY_BYTES)
        .withDurability(durability);
  }

  private void run(Path directory, Durability durability, long seed, int first) {
    Store store = Store.open(options(directory, durability));
    CrashWorkload.table(store);
    AtomicInteger ids = new AtomicInteger(first);
    for (int i = 0; i < 2; i++) {
      Thread.ofPlatform()
          .start(() -> {
            while (true) {
              CrashWorkload.Batch batch = CrashWorkload.batch(seed, ids.getAndIncrement());
              tell(BATCH_BEGUN, batch.id);
              CrashWorkload.apply(store, batch);
              tell(BATCH_ENDED, batch.id);
            }
          });
    }
    for (int round = 0; ; round++) {
      tell(FLUSH_BEGUN, 0);
      if (round % 2 == 0) {
        store.flush();
      } else {
        store.checkpoint();
      }
      tell(FLUSH_ENDED, 0);
      LockSupport.parkNanos(20_000_000);
    }
  }

  private synchronized void tell(char what, int batch) {
    try {
      out.write((what + " " + batch + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
