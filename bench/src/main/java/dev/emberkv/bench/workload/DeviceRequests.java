package dev.emberkv.bench.workload;

import dev.emberkv.uring.CompletionHandler;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * Requests of one size to one file, as many in flight as allowed: what the device gives when
 * nothing of a store is in the way.
 *
 * @param backend gives the queues
 * @param file large enough for all requests
 * @param depth requests in flight of each thread
 * @param blockBytes size of a request
 */
public record DeviceRequests(IoBackend backend, DirectFile file, int depth, int blockBytes) {
  private static final long END = -1;

  /** Returns the same requests with another depth. */
  public DeviceRequests withDepth(int newDepth) {
    return new DeviceRequests(backend, file, newDepth, blockBytes);
  }

  /** Reads blocks at random places below {@code fileBytes} for a time. */
  public Measurement readRandom(int threads, long fileBytes, double seconds, long seed)
      throws InterruptedException {
    long blocks = fileBytes / blockBytes;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    List<Callable<Measurement.Part>> calls =
        IntStream.range(0, threads)
            .mapToObj(thread -> {
              SplittableRandom random = new SplittableRandom(seed + thread);
              LongSupplier offsets =
                  () -> System.nanoTime() - end > 0 ? END : random.nextLong(blocks) * blockBytes;
              return (Callable<Measurement.Part>) () -> run(offsets, false);
            })
            .toList();
    return WorkThreads.runAll(calls);
  }

  /** Reads or writes all blocks below {@code fileBytes} once, in order, from one thread. */
  public Measurement sequential(long fileBytes, boolean write) throws InterruptedException {
    return WorkThreads.runAll(
        List.of(() -> {
          long[] next = {0};
          LongSupplier offsets =
              () -> {
                long offset = next[0];
                next[0] += blockBytes;
                return next[0] <= fileBytes ? offset : END;
              };
          return run(offsets, write);
        }));
  }

  /** Runs on the thread that the queue belongs to. */
  private Measurement.Part run(LongSupplier offsets, boolean write) {
    try (NativeMemory buffers = NativeMemory.reserve((long) depth * blockBytes);
        IoQueue queue = backend.newThreadQueue(depth, buffers)) {
      RequestSlots slots = new RequestSlots(depth);
      if (write) {
        fillWithNoise(buffers); // devices and hosts may store zeros for free
      }
      long start = System.nanoTime();
      while (true) {
        long offset = 0;
        while (slots.anyFree() && (offset = offsets.getAsLong()) != END) {
          int slot = slots.take();
          long address = buffers.address() + (long) slot * blockBytes;
          if (write) {
            queue.write(file, offset, address, blockBytes, slot);
          } else {
            queue.read(file, offset, address, blockBytes, slot);
          }
        }
        if (offset == END) {
          queue.await(queue.inFlight(), slots);
          return new Measurement.Part(
              slots.finished(), System.nanoTime() - start, slots.latenciesNanos());
        }
        queue.await(1, slots);
      }
    }
  }

  private static void fillWithNoise(NativeMemory buffers) {
    SplittableRandom random = new SplittableRandom(buffers.sizeBytes());
    for (long i = 0; i < buffers.sizeBytes(); i += Long.BYTES) {
      buffers.segment().set(ValueLayout.JAVA_LONG, i, random.nextLong());
    }
  }

  /** The buffers of a queue: which are free, and since when the others have been in flight. */
  private final class RequestSlots implements CompletionHandler {
    private final Histogram latenciesNanos = WorkThreads.newHistogram();
    private final long[] startNanos;
    private final int[] free;
    private int freeCount;
    private long finished;

    RequestSlots(int count) {
      startNanos = new long[count];
      free = IntStream.range(0, count).toArray();
      freeCount = count;
    }

    boolean anyFree() {
      return freeCount > 0;
    }

    int take() {
      int slot = free[--freeCount];
      startNanos[slot] = System.nanoTime();
      return slot;
    }

    long finished() {
      return finished;
    }

    Histogram latenciesNanos() {
      return latenciesNanos;
    }

    @Override
    public void completed(long slot, int result) {
      if (result < 0) {
        throw new IoFailure("a request of " + blockBytes + " bytes to " + file.path(), -result);
      }
      latenciesNanos.recordValue(System.nanoTime() - startNanos[(int) slot]);
      free[freeCount++] = (int) slot;
      finished++;
    }
  }
}
