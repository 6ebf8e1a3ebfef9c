package dev.emberkv.compaction;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.emberkv.uring.CompletionHandler;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.Errno;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoCounters;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory with one file, which does what real ones may do: it finishes requests in any
 * order, looks at a buffer at the last moment, keeps writes volatile until a sync, and at a power
 * failure keeps some of them, torn between sectors.
 *
 * <p>All choices come from one seed. With several threads their order does not.
 */
final class SimulatedDisk implements IoBackend {
  private static final int SECTOR_BYTES = 512;

  private final Random random;
  private final List<Write> unsynced = new ArrayList<>();
  private byte[] durable;
  private byte[] current;
  private long capacityBytes = Long.MAX_VALUE;
  private int operationsLeft = Integer.MAX_VALUE;
  private int failingWrite = Integer.MAX_VALUE;
  private int failingSync = Integer.MAX_VALUE;
  private Runnable beforeWrite = () -> {};
  private int writes;
  private int syncs;

  /** A write that no sync has made durable. */
  private static final class Write {
    private final int offset;
    private final byte[] bytes;

    Write(int offset, byte[] bytes) {
      this.offset = offset;
      this.bytes = bytes;
    }
  }

  SimulatedDisk(long seed) {
    this(seed, new byte[0]);
  }

  /** Starts with a file of these bytes. */
  SimulatedDisk(long seed, byte[] image) {
    random = new Random(seed);
    durable = image.clone();
    current = image.clone();
  }

  /** Makes the disk fail to grow past a size. */
  synchronized SimulatedDisk withCapacityBytes(long bytes) {
    capacityBytes = bytes;
    return this;
  }

  /** Cuts the power after a number of writes and syncs: all later ones fail. */
  synchronized SimulatedDisk withPowerFor(int operations) {
    operationsLeft = operations;
    return this;
  }

  /** Makes one write fail, counted from now. */
  synchronized void failWrite(int number) {
    failingWrite = writes + number;
  }

  /** Makes one sync fail, counted from now. */
  synchronized void failSync(int number) {
    failingSync = syncs + number;
  }

  synchronized int writes() {
    return writes;
  }

  synchronized int syncs() {
    return syncs;
  }

  /** Returns the file as programs see it. */
  synchronized byte[] image() {
    return current.clone();
  }

  /** Returns the file as it may be found after a power failure at this moment. */
  synchronized byte[] imageAfterCrash() {
    int size = random.nextBoolean() ? durable.length : current.length;
    byte[] image = Arrays.copyOf(durable, size);
    for (Write write : unsynced) {
      int kind = random.nextInt(4);
      for (int at = 0; at < write.bytes.length; at += SECTOR_BYTES) {
        boolean kept = kind == 0 || (kind == 1 && random.nextBoolean());
        if (kind == 2 && at == 0) {
          at = SECTOR_BYTES * random.nextInt(write.bytes.length / SECTOR_BYTES);
          kept = true;
        }
        int offset = write.offset + at;
        if (kept && offset + SECTOR_BYTES <= image.length) {
          System.arraycopy(write.bytes, at, image, offset, SECTOR_BYTES);
        }
      }
    }
    return image;
  }

  private synchronized int read(long offset, long address, int length) {
    if (offset + length > current.length) {
      return -Errno.EIO;
    }
    MemorySegment.copy(current, (int) offset, RawMemory.all(), JAVA_BYTE, address, length);
    return length;
  }

  /** Does something before the next write. */
  synchronized void onNextWrite(Runnable action) {
    beforeWrite = action;
  }

  private synchronized int write(long offset, long address, int length) {
    beforeWrite.run();
    beforeWrite = () -> {};
    byte[] bytes = new byte[length];
    MemorySegment.copy(RawMemory.all(), JAVA_BYTE, address, bytes, 0, length);
    unsynced.add(new Write((int) offset, bytes));
    if (operationsLeft-- <= 0 || ++writes == failingWrite || offset + length > current.length) {
      return -Errno.EIO;
    }
    System.arraycopy(bytes, 0, current, (int) offset, length);
    return length;
  }

  private synchronized int sync() {
    if (operationsLeft-- <= 0 || ++syncs == failingSync) {
      return -Errno.EIO;
    }
    durable = Arrays.copyOf(durable, current.length);
    for (Write write : unsynced) {
      System.arraycopy(current, write.offset, durable, write.offset, write.bytes.length);
    }
    unsynced.clear();
    return 0;
  }

  @Override
  public String name() {
    return "simulated";
  }

  @Override
  public DirectFile open(Path path) {
    return new File(path);
  }

  @Override
  public IoQueue newQueue(int depth, @Nullable NativeMemory buffers) {
    return new Queue(depth);
  }

  @Override
  public IoQueue newThreadQueue(int depth, @Nullable NativeMemory buffers) {
    return newQueue(depth, buffers);
  }

  @Override
  public synchronized IoCounters counters() {
    return new IoCounters(0, 0, 0, writes, 0, syncs, 0, 0, 0);
  }

  @Override
  public void close() {
    // There is nothing to give back.
  }

  private final class File implements DirectFile {
    private final Path path;

    File(Path path) {
      this.path = path;
    }

    @Override
    public Path path() {
      return path;
    }

    @Override
    public int alignmentBytes() {
      return SECTOR_BYTES;
    }

    @Override
    public boolean direct() {
      return true;
    }

    @Override
    public long sizeBytes() {
      synchronized (SimulatedDisk.this) {
        return current.length;
      }
    }

    @Override
    public void allocate(long offset, long lengthBytes) {
      synchronized (SimulatedDisk.this) {
        if (offset + lengthBytes > capacityBytes) {
          throw new IoFailure("allocate " + path, Errno.ENOSPC);
        }
        int size = Math.toIntExact(offset + lengthBytes);
        if (size > current.length) {
          current = Arrays.copyOf(current, size);
        }
      }
    }

    @Override
    public void punchHole(long offset, long lengthBytes) {
      throw new AssertionError("the log makes no holes");
    }

    @Override
    public void sync() {
      int result = SimulatedDisk.this.sync();
      if (result < 0) {
        throw new IoFailure("fdatasync " + path, -result);
      }
    }

    @Override
    public void close() {
      // There is nothing to give back.
    }
  }

  /** What a request does when its time has come; returns its result. */
  private interface Operation {
    int run();
  }

  private record Request(Operation operation, long userData) {}

  private final class Queue implements IoQueue {
    private final int depth;
    private final List<Request> requests = new ArrayList<>();

    Queue(int depth) {
      this.depth = depth;
    }

    @Override
    public int depth() {
      return depth;
    }

    @Override
    public int inFlight() {
      return requests.size();
    }

    private void take(Operation operation, long userData) {
      if (requests.size() == depth) {
        throw new IllegalStateException("the queue is full");
      }
      requests.add(new Request(operation, userData));
    }

    @Override
    public void read(DirectFile file, long fileOffset, long address, int length, long userData) {
      take(() -> SimulatedDisk.this.read(fileOffset, address, length), userData);
    }

    @Override
    public void write(DirectFile file, long fileOffset, long address, int length, long userData) {
      take(() -> SimulatedDisk.this.write(fileOffset, address, length), userData);
    }

    @Override
    public void sync(DirectFile file, long userData) {
      take(SimulatedDisk.this::sync, userData);
    }

    @Override
    public void submit() {
      // Requests run when they are awaited.
    }

    @Override
    public int await(int minimum, CompletionHandler handler) {
      int wanted = minimum + choose(requests.size() - minimum + 1);
      for (int i = 0; i < wanted; i++) {
        Request request = requests.remove(choose(requests.size()));
        handler.completed(request.userData, request.operation.run());
      }
      return wanted;
    }

    private int choose(int bound) {
      synchronized (SimulatedDisk.this) {
        return random.nextInt(bound);
      }
    }

    @Override
    public void close() {
      while (!requests.isEmpty()) {
        await(1, (userData, result) -> {});
      }
    }
  }
}
