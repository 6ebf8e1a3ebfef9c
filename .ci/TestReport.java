import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Sums up the test reports of all modules: what failed, what was skipped and why, how many passed.
 *
 * <p>Ends with status 1 when a test failed, when a module's tests did not run, or when tests of the
 * ring were skipped although the kernel allows io_uring. The kernel is asked by the system call
 * itself: the code under test must not be the judge of whether it had to run.
 */
final class TestReport {
  /** The same number on every architecture. */
  private static final long SYS_IO_URING_SETUP = 425;

  private static final long IO_URING_PARAMS_BYTES = 120;

  /** Tests that need the kernel's io_uring. */
  private static final Pattern RING_TESTS = Pattern.compile("dev\\.emberkv\\.uring\\.(Uring|Ring)");

  private int passed;
  private int failed;
  private int ringPassed;
  private int ringSkipped;
  private final List<String> skips = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  private TestReport() {}

  public static void main(String[] args) throws Throwable {
    TestReport report = new TestReport();
    try (var folders = Files.list(Path.of(args[0]))) {
      for (Path tests : folders.map(f -> f.resolve("src/test/java")).sorted().toList()) {
        if (Files.isDirectory(tests)) {
          report.addModule(tests.resolve("../../..").normalize());
        }
      }
    }
    report.checkRing();
    report.print();
    System.exit(report.problems.isEmpty() ? 0 : 1);
  }

  private void addModule(Path module) throws Exception {
    Path reports = module.resolve("target/surefire-reports");
    if (!Files.isDirectory(reports)) {
      problems.add("the tests of module " + module.getFileName() + " did not run");
      return;
    }
    DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    try (var files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
      for (Path file : files) {
        NodeList cases = parser.parse(file.toFile()).getElementsByTagName("testcase");
        for (int i = 0; i < cases.getLength(); i++) {
          addCase((Element) cases.item(i));
        }
      }
    }
  }

  private void addCase(Element test) {
    String name = test.getAttribute("classname") + "." + test.getAttribute("name");
    boolean ring = RING_TESTS.matcher(name).lookingAt();
    NodeList skip = test.getElementsByTagName("skipped");
    if (skip.getLength() > 0) {
      skips.add(name + ": " + reason((Element) skip.item(0)));
      ringSkipped += ring ? 1 : 0;
    } else if (test.getElementsByTagName("failure").getLength() > 0
        || test.getElementsByTagName("error").getLength() > 0) {
      failed++;
      problems.add("failed: " + name);
    } else {
      passed++;
      ringPassed += ring ? 1 : 0;
    }
  }

  /** A disabled test says why in an attribute, a failed assumption in the trace's first line. */
  private static String reason(Element skip) {
    String message = skip.getAttribute("message");
    return message.isEmpty()
        ? skip.getTextContent().lines().findFirst().orElse("it does not say why")
        : message;
  }

  private void checkRing() throws Throwable {
    boolean allowed = kernelAllowsUring();
    System.out.printf(
        "io_uring: the kernel %s it; %d tests of the ring passed, %d were skipped%n",
        allowed ? "allows" : "refuses", ringPassed, ringSkipped);
    if (allowed && (ringPassed == 0 || ringSkipped > 0)) {
      problems.add(
          "the kernel allows io_uring, but tests of the ring did not run; is liburing.so.2 (Debian"
              + " package liburing2) installed, is `ulimit -l` large enough?");
    }
  }

  /** Sets up the smallest ring; the process ends soon, and its file descriptor with it. */
  private static boolean kernelAllowsUring() throws Throwable {
    Linker linker = Linker.nativeLinker();
    // long syscall(long number, ...)
    var syscall =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ValueLayout.ADDRESS),
            Linker.Option.firstVariadicArg(1));
    try (Arena arena = Arena.ofConfined()) {
      var parameters = arena.allocate(IO_URING_PARAMS_BYTES, Long.BYTES);
      return (long) syscall.invokeExact(SYS_IO_URING_SETUP, 1, parameters) >= 0;
    }
  }

  private void print() {
    skips.forEach(skip -> System.out.println("skipped: " + skip));
    problems.forEach(System.out::println);
    System.out.printf("%d passed, %d failed, %d skipped%n", passed, failed, skips.size());
  }
}
