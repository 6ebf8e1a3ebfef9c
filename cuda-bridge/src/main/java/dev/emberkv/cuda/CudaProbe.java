package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import dev.emberkv.uring.Finding;
import java.util.List;
import java.util.stream.Collectors;

/** Finds out what GPUs this machine offers, and if none, what is missing. */
public final class CudaProbe {
  /** CUDA 11.0: the first with drivers for the Ampere GPUs, the oldest in use for training. */
  static final int MIN_VERSION = 11_000;

  private static final String NAME = "CUDA";

  private CudaProbe() {}

  /** Asks the driver, if there is one. Never throws for what a machine lacks. */
  public static Finding run() {
    if (!CudaDriver.isInstalled()) {
      return Finding.bad(
          NAME,
          "no NVIDIA driver: %s was not found; rows are kept in host memory"
              .formatted(DriverLibrary.SONAME),
          "nothing without a GPU; with one, install its driver (a container needs"
              + " `--gpus all` and the NVIDIA container toolkit)");
    }
    try {
      int version = CudaDriver.version();
      if (version < MIN_VERSION) {
        return Finding.bad(
            NAME,
            "the driver is for CUDA %s; rows are kept in host memory".formatted(text(version)),
            "install a driver for CUDA %s or later".formatted(text(MIN_VERSION)));
      }
      List<CudaDevice> devices = CudaDriver.open().devices();
      return devices.isEmpty()
          ? noDevice(version)
          : Finding.good(
              NAME,
              "driver for CUDA %s; %s"
                  .formatted(
                      text(version),
                      devices.stream().map(CudaProbe::text).collect(Collectors.joining(", "))));
    } catch (CudaException e) {
      return explain(e);
    }
  }

  private static Finding explain(CudaException e) {
    if (e.status() == LibCuda.CUDA_ERROR_NO_DEVICE()) {
      return noDevice(CudaDriver.version());
    }
    String fix =
        e.status() == LibCuda.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH()
                || e.status() == LibCuda.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE()
            ? "the library is of another version than the kernel's driver: reinstall the driver, or"
                + " reboot after an update"
            : "run `nvidia-smi`: if it fails as well, the driver is to be mended first";
    return Finding.bad(NAME, e + "; rows are kept in host memory", fix);
  }

  private static Finding noDevice(int version) {
    return Finding.bad(
        NAME,
        "driver for CUDA %s, but no GPU that this process may use".formatted(text(version)),
        "check `nvidia-smi -L` and that CUDA_VISIBLE_DEVICES is not empty");
  }

  private static String text(CudaDevice device) {
    return "GPU %d %s, %.1f GiB"
        .formatted(device.ordinal(), device.name(), device.memoryBytes() / (double) (1L << 30));
  }

  /** Formats a version as people write it: 12040 is 12.4. */
  static String text(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
