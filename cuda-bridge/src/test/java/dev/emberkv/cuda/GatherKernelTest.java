package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The text of the kernels, through NVIDIA's assembler where a machine has it. */
final class GatherKernelTest {
  @TempDir Path folder;

  @Test
  void givenTheAssembler_whenItReadsTheKernels_thenItTakesThemForEveryArchitectureItKnows()
      throws Exception {
    Path source = Files.writeString(folder.resolve("gather.ptx"), GatherKernel.source());
    int taken = 0;
    for (String architecture : new String[] {"sm_70", "sm_75", "sm_80", "sm_90", "sm_100"}) {
      String complaint = assemble(source, architecture);
      if (!complaint.contains("is not defined for option 'gpu-name'")) {
        assertThat(complaint).as(architecture).isEmpty();
        taken++;
      }
    }
    assertThat(taken).isPositive();
  }

  private String assemble(Path source, String architecture)
      throws IOException, InterruptedException {
    Process assembler;
    try {
      assembler =
          new ProcessBuilder(
                  "ptxas",
                  "--warning-as-error",
                  "-arch=" + architecture,
                  "-o",
                  folder.resolve("gather.cubin").toString(),
                  source.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      System.out.println("SKIPPED: no `ptxas` on the PATH (it comes with the CUDA toolkit)");
      Assumptions.abort("no `ptxas` on the PATH: " + e.getMessage());
      throw e;
    }
    String output =
        new String(assembler.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int status = assembler.waitFor();
    return status == 0 ? output : output + " (status " + status + ")";
  }

  @Test
  void givenTheKernels_whenRead_thenTheyAskForNothingThatVoltaLacks() {
    assertThat(GatherKernel.source())
        .contains(".version 6.0\n", ".target sm_70\n", ".address_size 64\n")
        .contains(
            ".visible .entry emberkv_gather_16(",
            ".visible .entry emberkv_gather_4(",
            ".visible .entry emberkv_gather_1(");
  }
}
