package dev.emberkv.uring;

import dev.emberkv.uring.generated.LibUring;
import dev.emberkv.uring.generated.io_uring_probe;
import dev.emberkv.uring.generated.io_uring_probe_op;
import java.lang.foreign.MemorySegment;

/** Asks the kernel which operations it knows. The question itself exists since Linux 5.6. */
final class OperationProbe {
  private static final long OPS = io_uring_probe.ops$offset();

  private OperationProbe() {}

  static boolean supports(MemorySegment ring, int operation) {
    MemorySegment probe = LibUring.io_uring_get_probe_ring(ring);
    if (probe.address() == 0) {
      return false;
    }
    try {
      if (operation > Byte.toUnsignedInt(io_uring_probe.last_op(probe))) {
        return false;
      }
      long entry = probe.address() + OPS + operation * io_uring_probe_op.sizeof();
      int flags = RawMemory.getShort(entry + io_uring_probe_op.flags$offset());
      return (flags & LibUring.IO_URING_OP_SUPPORTED()) != 0;
    } finally {
      LibUring.io_uring_free_probe(probe);
    }
  }
}
