package dev.emberkv.uring;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A queue of the portable backend: every request is a task of the backend's workers.
 *
 * <p>Owned by one thread at a time. The only things shared with the workers are the requests: the
 * executor's queue orders the owner's writes to a request before the worker's reads, and {@link
 * #finished} the worker's result before the owner's read of it.
 */
final class ChannelQueue implements IoQueue {
  private final int depth;
  private final Executor workers;
  private final IoTally.Share tally;

  /** Requests without work, {@link #idleCount} of them; together with those in flight, depth. */
  private final Request[] idle;

  private int idleCount;

  /** Requests taken and not yet given to the workers. */
  private final Request[] taken;

  private int takenCount;

  /** Requests that workers are done with. Never full: it has room for every request. */
  private final ArrayBlockingQueue<Request> finished;

  ChannelQueue(int depth, Executor workers, IoTally tally) {
    this.depth = depth;
    this.workers = workers;
    this.tally = tally.newShare();
    this.finished = new ArrayBlockingQueue<>(depth);
    this.taken = new Request[depth];
    this.idle = new Request[depth];
    for (int i = 0; i < depth; i++) {
      idle[i] = new Request();
    }
    this.idleCount = depth;
  }

  @Override
  public int depth() {
    return depth;
  }

  @Override
  public int inFlight() {
    return depth - idleCount;
  }

  @Override
  public void read(DirectFile file, long fileOffset, long address, int lengthBytes, long userData) {
    Transfers.check(file, fileOffset, address, lengthBytes);
    take(RequestKind.READ, file, fileOffset, address, lengthBytes, userData);
  }

  @Override
  public void write(
      DirectFile file, long fileOffset, long address, int lengthBytes, long userData) {
    Transfers.check(file, fileOffset, address, lengthBytes);
    take(RequestKind.WRITE, file, fileOffset, address, lengthBytes, userData);
  }

  @Override
  public void sync(DirectFile file, long userData) {
    take(RequestKind.SYNC, file, 0, 0, 0, userData);
  }

  private void take(
      RequestKind kind,
      DirectFile file,
      long fileOffset,
      long address,
      int lengthBytes,
      long userData) {
    if (!(file instanceof ChannelFile channelFile)) {
      throw new IllegalArgumentException(
          "file must come from the same backend, and this is a " + file.getClass().getName());
    }
    Transfers.checkRoom(inFlight(), depth);
    Request request = idle[--idleCount];
    request.kind = kind;
    request.file = channelFile;
    request.fileOffset = fileOffset;
    request.address = address;
    request.lengthBytes = lengthBytes;
    request.userData = userData;
    taken[takenCount++] = request;
  }

  @Override
  public void submit() {
    if (takenCount == 0) {
      return;
    }
    for (int i = 0; i < takenCount; i++) {
      workers.execute(taken[i]);
    }
    takenCount = 0;
    tally.submitted();
    tally.tell();
  }

  @Override
  public int await(int minimum, CompletionHandler handler) {
    Transfers.checkMinimum(minimum, inFlight());
    submit();
    int handed = 0;
    boolean interrupted = false;
    try {
      while (true) {
        Request request = finished.poll();
        if (request == null && handed < minimum) {
          try {
            request = finished.take();
          } catch (InterruptedException e) {
            interrupted = true;
            continue;
          }
        }
        if (request == null) {
          return handed;
        }
        handed++;
        hand(request, handler);
      }
    } finally {
      tally.tell();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void hand(Request request, CompletionHandler handler) {
    long userData = request.userData;
    int result = request.result;
    tally.finished(request.kind, result);
    request.file = null;
    // Free before the handler runs, so that it may take the next request.
    idle[idleCount++] = request;
    handler.completed(userData, result);
  }

  @Override
  public void close() {
    while (inFlight() > 0) {
      await(inFlight(), (userData, result) -> {});
    }
  }

  /** One request and, while it is in flight, its worker's task. */
  private final class Request implements Runnable {
    private RequestKind kind = RequestKind.SYNC;
    private @Nullable ChannelFile file;
    private long fileOffset;
    private long address;
    private int lengthBytes;
    private long userData;
    private int result;

    @Override
    public void run() {
      try {
        result = transfer();
      } catch (IOException e) {
        result = -ChannelErrors.errno(e);
      } catch (RuntimeException | Error e) {
        // Whoever awaits the request must hear of it; the thread's handler shows what it was.
        result = -Errno.EIO;
        finished.add(this);
        throw e;
      }
      finished.add(this);
    }

    private int transfer() throws IOException {
      ChannelFile target = Objects.requireNonNull(file, "a request in flight has a file");
      if (kind == RequestKind.SYNC) {
        target.force();
        return 0;
      }
      ByteBuffer buffer = RawMemory.all().asSlice(address, lengthBytes).asByteBuffer();
      if (kind == RequestKind.WRITE) {
        target.writeFully(fileOffset, buffer);
        return lengthBytes;
      }
      return target.readFully(fileOffset, buffer) ? lengthBytes : -Errno.ENODATA;
    }
  }
}
