package dev.emberkv.compaction;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Uses a log the way the store does; belongs to one thread. */
final class LogClient implements AutoCloseable {
  private final SegmentedLog log;
  private final NativeMemory memory;
  private final IoQueue queue;
  private int lastResult;

  /** What a scan found. */
  record Scan(Map<Long, Rec> records, List<String> damage) {}

  LogClient(SegmentedLog log, IoBackend backend) {
    this.log = log;
    this.memory = NativeMemory.reserve(RecordFormat.MAX_RECORD_BYTES + RecordFormat.PAGE_BYTES);
    this.queue = backend.newQueue(1, memory);
  }

  long append(Rec rec) {
    if ((rec.key() & 1) == 0) {
      return log.append(
          rec.kind(),
          rec.table(),
          rec.key(),
          rec.sequence(),
          rec.time(),
          MemorySegment.ofArray(rec.payload()));
    }
    MemorySegment.copy(
        rec.payload(), 0, RawMemory.all(), JAVA_BYTE, memory.address(), rec.payload().length);
    return log.append(
        rec.kind(),
        rec.table(),
        rec.key(),
        rec.sequence(),
        rec.time(),
        memory.address(),
        rec.payload().length);
  }

  /** Reads a record from wherever it is. */
  Rec read(long location) {
    int bytes = RecordFormat.PAGE_BYTES - log.offsetInPage(location);
    while (true) {
      long address = image(location, bytes);
      int length = log.verify(address, location, bytes);
      if (length >= 0) {
        return decode(address, length - RecordFormat.HEADER_BYTES);
      }
      bytes = -length;
    }
  }

  private long image(long location, int bytes) {
    if (log.readBuffered(location, memory.address(), bytes)) {
      return memory.address();
    }
    assert !log.isBuffered(location) : "a record came back into a buffer";
    return device(location, bytes);
  }

  /** Reads from the device alone and returns the address of the location's bytes. */
  long device(long location, int bytes) {
    int inPage = log.offsetInPage(location);
    int length = (inPage + bytes + RecordFormat.PAGE_BYTES - 1) & -RecordFormat.PAGE_BYTES;
    queue.read(log.file(location), log.fileOffset(location), memory.address(), length, 0);
    queue.await(1, (userData, result) -> lastResult = result);
    if (lastResult < 0) {
      throw new IoFailure("read in a test", -lastResult);
    }
    return memory.address() + inPage;
  }

  private static Rec decode(long address, int payloadBytes) {
    byte[] payload = new byte[payloadBytes];
    MemorySegment.copy(
        RawMemory.all(), JAVA_BYTE, RecordFormat.payload(address), payload, 0, payloadBytes);
    return new Rec(
        RecordFormat.kind(address)
            | (RecordFormat.isCommitted(address) ? RecordFormat.COMMITTED : 0),
        RecordFormat.table(address),
        RecordFormat.key(address),
        RecordFormat.sequence(address),
        RecordFormat.timeSeconds(address),
        payload);
  }

  /** Scans the log, in the order of the scan. */
  static Scan scan(SegmentedLog log) {
    Scan found = new Scan(new LinkedHashMap<>(), new ArrayList<>());
    log.scan(
        new RecordVisitor() {
          @Override
          public void record(
              long location,
              int kind,
              int table,
              long key,
              long sequence,
              int timeSeconds,
              long payloadAddress,
              int payloadBytes) {
            Rec rec = decode(payloadAddress - RecordFormat.HEADER_BYTES, payloadBytes);
            int flag = rec.kind() & RecordFormat.COMMITTED;
            assert rec.equals(
                new Rec(kind | flag, table, key, sequence, timeSeconds, rec.payload()));
            if (found.records().put(location, rec) != null) {
              throw new AssertionError("location " + location + " was visited twice");
            }
          }

          @Override
          public void corrupt(long segment, long offset, String expected) {
            found
                .damage()
                .add("segment %d, offset %d: expected %s".formatted(segment, offset, expected));
          }
        });
    return found;
  }

  @Override
  public void close() {
    queue.close();
    memory.close();
  }
}
