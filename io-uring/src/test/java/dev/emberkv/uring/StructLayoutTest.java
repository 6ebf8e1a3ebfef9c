package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.generated.LibUring;
import dev.emberkv.uring.generated.io_uring;
import dev.emberkv.uring.generated.io_uring_cq;
import dev.emberkv.uring.generated.io_uring_cqe;
import dev.emberkv.uring.generated.io_uring_params;
import dev.emberkv.uring.generated.io_uring_probe;
import dev.emberkv.uring.generated.io_uring_probe_op;
import dev.emberkv.uring.generated.io_uring_sq;
import dev.emberkv.uring.generated.io_uring_sqe;
import dev.emberkv.uring.generated.iovec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sizes, offsets and constants that are used, against those of this machine's C compiler. Each
 * entry pairs a C expression with the value that the Java side uses.
 */
final class StructLayoutTest {
  @TempDir Path directory;

  @Test
  void givenLiburingsHeader_whenCompiledByC_thenTheGeneratedLayoutsAreTheSame() throws Exception {
    Requirement.that(
        Files.exists(Path.of("/usr/include/liburing.h")),
        "no /usr/include/liburing.h (apt-get install liburing-dev)");
    Map<String, Long> java = new LinkedHashMap<>();
    java.put("sizeof(struct io_uring)", io_uring.sizeof());
    java.put("offsetof(struct io_uring, sq)", io_uring.sq$offset());
    java.put("offsetof(struct io_uring, cq)", io_uring.cq$offset());
    java.put("offsetof(struct io_uring_sq, khead)", io_uring_sq.khead$offset());
    java.put("offsetof(struct io_uring_sq, kflags)", io_uring_sq.kflags$offset());
    java.put("offsetof(struct io_uring_sq, sqes)", io_uring_sq.sqes$offset());
    java.put("offsetof(struct io_uring_sq, sqe_tail)", io_uring_sq.sqe_tail$offset());
    java.put("offsetof(struct io_uring_cq, khead)", io_uring_cq.khead$offset());
    java.put("offsetof(struct io_uring_cq, ktail)", io_uring_cq.ktail$offset());
    java.put("offsetof(struct io_uring_cq, cqes)", io_uring_cq.cqes$offset());
    java.put("sizeof(struct io_uring_sqe)", SubmissionEntry.SIZE_BYTES);
    java.put("offsetof(struct io_uring_sqe, opcode)", io_uring_sqe.opcode$offset());
    java.put("offsetof(struct io_uring_sqe, flags)", io_uring_sqe.flags$offset());
    java.put("offsetof(struct io_uring_sqe, fd)", io_uring_sqe.fd$offset());
    java.put("offsetof(struct io_uring_sqe, off)", io_uring_sqe.off$offset());
    java.put("offsetof(struct io_uring_sqe, addr)", io_uring_sqe.addr$offset());
    java.put("offsetof(struct io_uring_sqe, len)", io_uring_sqe.len$offset());
    java.put("offsetof(struct io_uring_sqe, fsync_flags)", io_uring_sqe.fsync_flags$offset());
    java.put("offsetof(struct io_uring_sqe, user_data)", io_uring_sqe.user_data$offset());
    java.put("offsetof(struct io_uring_sqe, buf_index)", io_uring_sqe.buf_index$offset());
    java.put("sizeof(struct io_uring_cqe)", io_uring_cqe.sizeof());
    java.put("offsetof(struct io_uring_cqe, user_data)", io_uring_cqe.user_data$offset());
    java.put("offsetof(struct io_uring_cqe, res)", io_uring_cqe.res$offset());
    java.put("sizeof(struct io_uring_params)", io_uring_params.sizeof());
    java.put("offsetof(struct io_uring_params, flags)", io_uring_params.flags$offset());
    java.put("offsetof(struct io_uring_params, sq_entries)", io_uring_params.sq_entries$offset());
    java.put("offsetof(struct io_uring_params, cq_entries)", io_uring_params.cq_entries$offset());
    java.put("offsetof(struct io_uring_probe, last_op)", io_uring_probe.last_op$offset());
    java.put("offsetof(struct io_uring_probe, ops)", io_uring_probe.ops$offset());
    java.put("sizeof(struct io_uring_probe_op)", io_uring_probe_op.sizeof());
    java.put("offsetof(struct io_uring_probe_op, flags)", io_uring_probe_op.flags$offset());
    java.put("sizeof(struct iovec)", iovec.sizeof());
    java.put("offsetof(struct iovec, iov_base)", iovec.iov_base$offset());
    java.put("offsetof(struct iovec, iov_len)", iovec.iov_len$offset());
    java.put("IORING_OP_NOP", (long) LibUring.IORING_OP_NOP());
    java.put("IORING_OP_READ", (long) LibUring.IORING_OP_READ());
    java.put("IORING_OP_WRITE", (long) LibUring.IORING_OP_WRITE());
    java.put("IORING_OP_READ_FIXED", (long) LibUring.IORING_OP_READ_FIXED());
    java.put("IORING_OP_WRITE_FIXED", (long) LibUring.IORING_OP_WRITE_FIXED());
    java.put("IORING_OP_FSYNC", (long) LibUring.IORING_OP_FSYNC());
    java.put("IORING_FSYNC_DATASYNC", (long) LibUring.IORING_FSYNC_DATASYNC());
    java.put("IOSQE_FIXED_FILE", (long) LibUring.IOSQE_FIXED_FILE());
    java.put("IORING_SQ_TASKRUN", (long) LibUring.IORING_SQ_TASKRUN());
    java.put("IO_URING_OP_SUPPORTED", (long) LibUring.IO_URING_OP_SUPPORTED());
    java.put(
        "IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG", (long) RingMode.SHARED.flags());
    java.put(
        "IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG",
        (long) RingMode.SINGLE_THREAD.flags());

    assertThat(java).containsExactlyEntriesOf(evaluateInC("#include <liburing.h>", java));
  }

  @Test
  void givenTheKernelsAndLibcsHeaders_whenCompiledByC_thenFileCallsUseTheSame() throws Exception {
    Requirement.that(
        Files.exists(Path.of("/usr/include/linux/stat.h")),
        "no /usr/include/linux/stat.h (apt-get install linux-libc-dev)");
    Map<String, Long> java = new LinkedHashMap<>();
    java.put("sizeof(struct statx)", StatxLayout.SIZE_BYTES);
    java.put("offsetof(struct statx, stx_mask)", StatxLayout.MASK);
    java.put("offsetof(struct statx, stx_size)", StatxLayout.SIZE);
    java.put("offsetof(struct statx, stx_dio_mem_align)", StatxLayout.DIO_MEM_ALIGN);
    java.put("offsetof(struct statx, stx_dio_offset_align)", StatxLayout.DIO_OFFSET_ALIGN);
    java.put("STATX_SIZE", (long) StatxLayout.STATX_SIZE);
    java.put("STATX_DIOALIGN", (long) StatxLayout.STATX_DIOALIGN);
    java.put("AT_EMPTY_PATH", (long) StatxLayout.AT_EMPTY_PATH);
    java.put("sizeof(struct statfs)", StatxLayout.STATFS_SIZE_BYTES);
    java.put("offsetof(struct statfs, f_type)", StatxLayout.STATFS_TYPE);
    java.put("sizeof(((struct statfs *) 0)->f_type)", 8L);
    java.put("TMPFS_MAGIC", StatxLayout.TMPFS_MAGIC);
    java.put("O_RDWR", (long) FileCalls.O_RDWR);
    java.put("O_CREAT", (long) FileCalls.O_CREAT);
    java.put("O_CLOEXEC", (long) FileCalls.O_CLOEXEC);
    java.put("O_DIRECT", (long) FileCalls.O_DIRECT);
    java.put("FALLOC_FL_KEEP_SIZE", (long) FileCalls.FALLOC_FL_KEEP_SIZE);
    java.put("FALLOC_FL_PUNCH_HOLE", (long) FileCalls.FALLOC_FL_PUNCH_HOLE);
    java.put("EPERM", (long) Errno.EPERM);
    java.put("ENOENT", (long) Errno.ENOENT);
    java.put("EINTR", (long) Errno.EINTR);
    java.put("EIO", (long) Errno.EIO);
    java.put("EAGAIN", (long) Errno.EAGAIN);
    java.put("ENOMEM", (long) Errno.ENOMEM);
    java.put("EACCES", (long) Errno.EACCES);
    java.put("EBUSY", (long) Errno.EBUSY);
    java.put("EINVAL", (long) Errno.EINVAL);
    java.put("EMFILE", (long) Errno.EMFILE);
    java.put("ENOSPC", (long) Errno.ENOSPC);
    java.put("EROFS", (long) Errno.EROFS);
    java.put("ENOSYS", (long) Errno.ENOSYS);
    java.put("ENODATA", (long) Errno.ENODATA);
    java.put("EOPNOTSUPP", (long) Errno.EOPNOTSUPP);
    String headers =
        """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <linux/falloc.h>
        #include <linux/magic.h>
        #include <linux/stat.h>
        #include <sys/vfs.h>
        """;

    assertThat(java).containsExactlyEntriesOf(evaluateInC(headers, java));
  }

  /** Compiles a program that prints every key's value, and runs it. */
  private Map<String, Long> evaluateInC(String headers, Map<String, Long> keys)
      throws IOException, InterruptedException {
    String prints =
        keys.keySet().stream()
            .map(key -> "  printf(\"%s=%%lld\\n\", (long long) (%s));".formatted(key, key))
            .collect(Collectors.joining("\n"));
    Path source = directory.resolve("layout.c");
    Path program = directory.resolve("layout");
    Files.writeString(
        source,
        headers
            + "\n#include <stddef.h>\n#include <stdio.h>\nint main(void) {\n"
            + prints
            + "\n  return 0;\n}\n");
    Process compiler;
    try {
      compiler =
          new ProcessBuilder("cc", "-o", program.toString(), source.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      Requirement.that(false, "no C compiler `cc` on the PATH (" + e.getMessage() + ")");
      throw e;
    }
    String diagnostics = text(compiler);
    assertThat(compiler.waitFor()).as(diagnostics).isZero();

    Process run = new ProcessBuilder(program.toString()).start();
    Map<String, Long> values = new LinkedHashMap<>();
    for (String line : text(run).lines().toList()) {
      int equals = line.lastIndexOf('=');
      values.put(line.substring(0, equals), Long.parseLong(line.substring(equals + 1)));
    }
    return values;
  }

  private static String text(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
