package dev.emberkv.bench.clients;

import dev.emberkv.bench.workload.KeyStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;

/**
 * One connection that looks rows up, batch after batch: a few requests are always under way, so
 * that the server never waits for this client.
 *
 * <p>Not thread-safe.
 */
public final class LookupStream implements AutoCloseable {
  /** Requests under way; two keep a server busy, as it has the next when it has answered one. */
  private static final int PIPELINE = 2;

  private final Caller caller;
  private final String table;
  private final KeyStream ids;
  private final int batchRows;
  private final int replyBytes;
  private final double rowsPerSecond;

  /**
   * Connects.
   *
   * @param rowBytes width of the table's rows
   * @param rowsPerSecond how many rows are asked for at most; infinite for no limit
   */
  public LookupStream(
      InetSocketAddress server,
      String table,
      KeyStream ids,
      int batchRows,
      int rowBytes,
      double rowsPerSecond)
      throws IOException {
    this.caller = new Caller(server);
    this.table = table;
    this.ids = ids;
    this.batchRows = batchRows;
    this.replyBytes = Math.multiplyExact(batchRows, rowBytes);
    this.rowsPerSecond = rowsPerSecond;
  }

  /** Looks rows up until the thread is interrupted; returns how many. */
  public long run() throws IOException {
    long start = System.nanoTime();
    long sent = 0;
    long received = 0;
    while (!Thread.currentThread().isInterrupted() || received < sent) {
      while (sent - received < PIPELINE && !Thread.currentThread().isInterrupted()) {
        long dueNanos = start + (long) (sent * batchRows / rowsPerSecond * 1e9);
        if (received == sent) {
          LockSupport.parkNanos(dueNanos - System.nanoTime());
        }
        if (System.nanoTime() - dueNanos < 0) {
          break;
        }
        caller.send(nextRequest());
        sent++;
      }
      if (received < sent) {
        caller.skipBulk(replyBytes);
        received++;
      }
    }
    return received * batchRows;
  }

  private byte[] nextRequest() {
    ByteBuffer packed = ByteBuffer.allocate(batchRows * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < batchRows; i++) {
      packed.putLong(ids.next());
    }
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    String head =
        "*3\r\n$10\r\nEMB.LOOKUP\r\n$%d\r\n%s\r\n$%d\r\n"
            .formatted(table.length(), table, packed.capacity());
    request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    request.writeBytes(packed.array());
    request.writeBytes(new byte[] {'\r', '\n'});
    return request.toByteArray();
  }

  @Override
  public void close() throws IOException {
    caller.close();
  }
}
