package dev.emberkv.simulation;

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
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory with one file, which does what real ones may do: it finishes requests in any
 * order, looks at a buffer at the last moment, keeps writes volatile until a sync, and at a power
 * failure keeps some of them, torn between sectors. On request it also fails, or hands out flipped
 * bits.
 *
 * <p>Thread-safe. All choices come from one seed. With several threads their order does not.
 */
public final class SimulatedDisk implements IoBackend {
  private static final int SECTOR_BYTES = 512;

  private final Random random;
  private final List<Write> unsynced = new ArrayList<>();
  private final DiskImage durable;
  private final DiskImage current;
  private long capacityBytes = Long.MAX_VALUE;
  private int operationsLeft = Integer.MAX_VALUE;
  private int operations;
  private int failingWrite = Integer.MAX_VALUE;
  private int failingSync = Integer.MAX_VALUE;
  private Runnable beforeWrite = () -> {};
  private int failingOneIn;
  private int flippingOneIn;
  private boolean flipsNext;
  private int flips;
  private int faults;
  private int writes;
  private long holeBytes;
  private int syncs;

  /** A write that no sync has made durable. */
  private static final class Write {
    private final long offset;
    private final byte[] bytes;

    Write(long offset, byte[] bytes) {
      this.offset = offset;
      this.bytes = bytes;
    }
  }

  /** Starts with an empty file. */
  public SimulatedDisk(long seed) {
    this(seed, new DiskImage());
  }

  /** Starts with a file of these bytes. */
  public SimulatedDisk(long seed, byte[] image) {
    this(seed, new DiskImage(image));
  }

  private SimulatedDisk(long seed, DiskImage image) {
    random = new Random(seed);
    durable = new DiskImage(image);
    current = new DiskImage(image);
  }

  /** Makes the disk fail to grow past a size. */
  public synchronized SimulatedDisk withCapacityBytes(long bytes) {
    capacityBytes = bytes;
    return this;
  }

  /** Cuts the power after a number of writes and syncs: all later ones fail. */
  public synchronized SimulatedDisk withPowerFor(int operations) {
    operationsLeft = operations;
    return this;
  }

  /**
   * Makes reads fail, or find flipped bits, and writes and syncs fail, each once in so many
   * requests; 0 for never.
   */
  public synchronized SimulatedDisk withFaults(int failOneIn, int flipOneIn) {
    failingOneIn = failOneIn;
    flippingOneIn = flipOneIn;
    return this;
  }

  /** Makes the next read find a flipped bit. */
  public synchronized void flipNextRead() {
    flipsNext = true;
  }

  /** Returns whether a request of this kind is to fail now. */
  private boolean fails() {
    boolean fails = failingOneIn > 0 && random.nextInt(failingOneIn) == 0;
    faults += fails ? 1 : 0;
    return fails;
  }

  /** Returns how many requests failed because of {@link #withFaults}. */
  public synchronized int failures() {
    return faults - flips;
  }

  /** Returns how many requests failed or found flipped bits because of {@link #withFaults}. */
  public synchronized int faults() {
    return faults;
  }

  /** Makes one write fail, counted from now. */
  public synchronized void failWrite(int number) {
    failingWrite = writes + number;
  }

  /** Makes one sync fail, counted from now. */
  public synchronized void failSync(int number) {
    failingSync = syncs + number;
  }

  public synchronized int writes() {
    return writes;
  }

  public synchronized int syncs() {
    return syncs;
  }

  /** Returns the file as programs see it. */
  public synchronized byte[] image() {
    return current.toBytes();
  }

  /** Returns the number of requests so far that {@link #withPowerFor} counts. */
  public synchronized int operations() {
    return operations;
  }

  /** Returns a disk with the file as programs see it. */
  public synchronized SimulatedDisk copy(long seed) {
    return new SimulatedDisk(seed, current);
  }

  /** Changes the file behind the programs' backs. */
  public synchronized void replace(byte[] image) {
    current.write(0, image, 0, image.length);
    durable.write(0, image, 0, image.length);
  }

  /** Returns the file as it may be found after a power failure at this moment. */
  public synchronized byte[] imageAfterCrash() {
    return stateAfterCrash().toBytes();
  }

  /** Returns a disk with the file as it may be found after a power failure at this moment. */
  public synchronized SimulatedDisk afterCrash(long seed) {
    return new SimulatedDisk(seed, stateAfterCrash());
  }

  private DiskImage stateAfterCrash() {
    DiskImage image = new DiskImage(durable);
    image.resize(random.nextBoolean() ? durable.sizeBytes() : current.sizeBytes());
    for (Write write : unsynced) {
      int kind = random.nextInt(4);
      for (int at = 0; at < write.bytes.length; at += SECTOR_BYTES) {
        boolean kept = kind == 0 || (kind == 1 && random.nextBoolean());
        if (kind == 2 && at == 0) {
          at = SECTOR_BYTES * random.nextInt(write.bytes.length / SECTOR_BYTES);
          kept = true;
        }
        long offset = write.offset + at;
        if (kept && offset + SECTOR_BYTES <= image.sizeBytes()) {
          image.write(offset, write.bytes, at, SECTOR_BYTES);
        }
      }
    }
    return image;
  }

  private synchronized int read(long offset, long address, int length) {
    if (offset + length > current.sizeBytes() || fails()) {
      return -Errno.EIO;
    }
    byte[] bytes = new byte[length];
    current.read(offset, bytes);
    if (flipsNext || (flippingOneIn > 0 && random.nextInt(flippingOneIn) == 0)) {
      flipsNext = false;
      flips++;
      bytes[random.nextInt(length)] ^= (byte) (1 << random.nextInt(Byte.SIZE));
      faults++;
    }
    MemorySegment.copy(bytes, 0, RawMemory.all(), JAVA_BYTE, address, length);
    return length;
  }

  /** Does something before the next write. */
  public synchronized void onNextWrite(Runnable action) {
    beforeWrite = action;
  }

  private synchronized int write(long offset, long address, int length) {
    beforeWrite.run();
    beforeWrite = () -> {};
    byte[] bytes = new byte[length];
    MemorySegment.copy(RawMemory.all(), JAVA_BYTE, address, bytes, 0, length);
    unsynced.add(new Write(offset, bytes));
    operations++;
    if (operationsLeft-- <= 0
        || ++writes == failingWrite
        || offset + length > current.sizeBytes()) {
      return -Errno.EIO;
    }
    if (fails()) {
      return random.nextBoolean() ? -Errno.EIO : -Errno.ENOSPC;
    }
    current.write(offset, bytes, 0, length);
    return length;
  }

  /** Makes a hole, which a crash may leave half made, like a write of zeros. */
  private synchronized void punch(long offset, long lengthBytes) {
    operations++;
    if (operationsLeft-- <= 0) {
      throw new IoFailure("punch a hole", Errno.EIO);
    }
    byte[] zeros = new byte[Math.toIntExact(lengthBytes)];
    unsynced.add(new Write(offset, zeros));
    current.write(offset, zeros, 0, zeros.length);
    holeBytes += lengthBytes;
  }

  /** Returns how many bytes of holes were made. */
  public synchronized long holeBytes() {
    return holeBytes;
  }

  private synchronized int sync() {
    operations++;
    if (operationsLeft-- <= 0 || ++syncs == failingSync || fails()) {
      return -Errno.EIO;
    }
    durable.resize(current.sizeBytes());
    for (Write write : unsynced) {
      durable.copyFrom(current, write.offset, write.bytes.length);
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
        return current.sizeBytes();
      }
    }

    @Override
    public void allocate(long offset, long lengthBytes) {
      synchronized (SimulatedDisk.this) {
        if (offset + lengthBytes > capacityBytes) {
          throw new IoFailure("allocate " + path, Errno.ENOSPC);
        }
        if (offset + lengthBytes > current.sizeBytes()) {
          current.resize(offset + lengthBytes);
        }
      }
    }

    @Override
    public void punchHole(long offset, long lengthBytes) {
      punch(offset, lengthBytes);
    }

    @Override
    public boolean givesSpaceBack() {
      return true;
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
