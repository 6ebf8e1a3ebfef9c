package dev.emberkv.uring;

import java.util.ArrayDeque;
import java.util.function.IntUnaryOperator;

/** A ring whose calls and completions go wrong in the ways that a test asks for. */
final class FaultyRing extends Ring {
  /** Faults for the next completions, in the order in which they arrive. */
  final ArrayDeque<IntUnaryOperator> completionFaults = new ArrayDeque<>();

  /** Errnos for the next calls of enter, which then do not reach the kernel. */
  final ArrayDeque<Integer> enterFaults = new ArrayDeque<>();

  /** What registering buffers answers; positive passes the call on. */
  int registerBuffersAnswer = 1;

  /** What registering a table of files answers; positive passes the call on. */
  int registerFilesAnswer = 1;

  FaultyRing(int depth) {
    super(depth, RingMode.SHARED);
  }

  @Override
  int registerBuffers(long address, long sizeBytes, long bufferBytes) {
    return registerBuffersAnswer > 0
        ? super.registerBuffers(address, sizeBytes, bufferBytes)
        : registerBuffersAnswer;
  }

  @Override
  int registerFileTable(int slots) {
    return registerFilesAnswer > 0 ? super.registerFileTable(slots) : registerFilesAnswer;
  }

  @Override
  int enter(int minimum) {
    Integer errno = enterFaults.poll();
    return errno == null ? super.enter(minimum) : -errno;
  }

  @Override
  void reap(Sink sink) {
    super.reap((userData, result) -> {
      IntUnaryOperator fault = completionFaults.poll();
      sink.completed(userData, fault == null ? result : fault.applyAsInt(result));
    });
  }
}
