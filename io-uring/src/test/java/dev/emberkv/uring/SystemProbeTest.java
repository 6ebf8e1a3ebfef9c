package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What users are told about their machine, and which backend they get by it. */
final class SystemProbeTest {
  @TempDir Path directory;

  @Test
  @Tag("uring")
  void givenAKernelWithIoUring_whenProbed_thenItWorks() {
    KernelUring.require();
    assertThat(SystemProbe.ioUring().ok()).as(SystemProbe.ioUring().detail()).isTrue();
  }

  @Test
  void givenADirectoryThatDoesNotExistYet_whenProbed_thenAllIsNamedAndNothingStaysBehind()
      throws IOException {
    List<Finding> findings = SystemProbe.run(directory.resolve("not").resolve("yet"));

    assertThat(findings)
        .extracting(Finding::name)
        .containsExactly(
            "kernel",
            "io_uring",
            "registered buffers",
            "O_DIRECT",
            "transparent huge pages",
            "vector code");
    assertThat(findings)
        .allSatisfy(finding -> {
          assertThat(finding.detail()).isNotBlank();
          assertThat(finding.fix().isEmpty()).as(finding.toString()).isEqualTo(finding.ok());
        });
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void givenADirectoryWithoutPermission_whenProbed_thenTheFindingNamesIt() {
    Finding finding = SystemProbe.directIo(Path.of("/proc/self"));

    assertThat(finding.ok()).isFalse();
    assertThat(finding.detail()).contains("/proc/self");
  }

  @Test
  void givenEachHugePageSetting_whenJudged_thenOnlyNeverIsBad() {
    assertThat(SystemProbe.hugePages("always [madvise] never\n").ok()).isTrue();
    assertThat(SystemProbe.hugePages("[always] madvise never\n").detail()).isEqualTo("always");
    assertThat(SystemProbe.hugePages("always madvise [never]\n"))
        .satisfies(finding -> {
          assertThat(finding.ok()).isFalse();
          assertThat(finding.fix()).contains("echo madvise");
        });
  }

  @Test
  void givenEachRefusal_whenExplained_thenTheFixFitsTheCause() {
    assertThat(UringProbe.refusedFix(Errno.EPERM, "2")).contains("sysctl -w");
    assertThat(UringProbe.refusedFix(Errno.EPERM, "0")).contains("seccomp");
    assertThat(UringProbe.refusedFix(Errno.EPERM, "")).contains("seccomp");
    assertThat(UringProbe.refusedFix(Errno.ENOSYS, "")).contains("Linux 5.6");
    assertThat(UringProbe.refusedFix(Errno.ENOMEM, "0")).contains("ulimit -l");
    assertThat(UringProbe.refusedFix(Errno.EMFILE, "0")).contains("ulimit -n");
  }

  @Test
  void givenIoUringForbidden_whenOpenedWithAuto_thenOneLineSaysWhyAndThePortableOneIsUsed() {
    Finding forbidden = Finding.bad("io_uring", "EPERM from the kernel", "ask the sysadmin");
    Logger logger = (Logger) LoggerFactory.getLogger(IoBackend.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.addAppender(lines);
    try (IoBackend backend = IoBackends.open(IoMode.AUTO, forbidden)) {
      assertThat(backend.name()).isEqualTo("portable");
    } finally {
      logger.detachAppender(lines);
    }

    assertThat(lines.list)
        .singleElement()
        .extracting(ILoggingEvent::getFormattedMessage)
        .asString()
        .contains("EPERM from the kernel", "ask the sysadmin");
  }

  @Test
  void givenIoUringForbidden_whenItIsDemanded_thenOpeningFailsWithTheFix() {
    Finding forbidden = Finding.bad("io_uring", "EPERM from the kernel", "ask the sysadmin");

    assertThatThrownBy(() -> IoBackends.open(IoMode.URING, forbidden))
        .isInstanceOf(IoFailure.class)
        .hasMessageContaining("EPERM from the kernel")
        .hasMessageContaining("ask the sysadmin");
  }
}
