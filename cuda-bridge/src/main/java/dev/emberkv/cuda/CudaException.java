package dev.emberkv.cuda;

/** A call of the CUDA driver that failed: which one, and the driver's name for the error. */
public final class CudaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String errorName;

  /**
   * Describes a failed call.
   *
   * @param call the driver function
   * @param status its {@code CUresult}
   * @param errorName the driver's name for it, for example {@code CUDA_ERROR_NO_DEVICE}
   * @param meaning the driver's words for it
   */
  CudaException(String call, int status, String errorName, String meaning) {
    super("%s: %s (%d: %s)".formatted(call, errorName, status, meaning));
    this.status = status;
    this.errorName = errorName;
  }

  /** Returns the {@code CUresult}. */
  public int status() {
    return status;
  }

  /** Returns the driver's name for the error. */
  public String errorName() {
    return errorName;
  }
}
