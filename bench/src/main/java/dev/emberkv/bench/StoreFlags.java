package dev.emberkv.bench;

import dev.emberkv.engine.Durability;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.uring.IoMode;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say how to open a store; every command that opens one takes them. */
public final class StoreFlags {
  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Budget for rows in DRAM, index and buffers (default 1gb).",
      converter = ByteSize.class)
  private @Nullable Long memoryBytes;

  @Option(
      names = "--durability",
      paramLabel = "always|everysec|checkpoint",
      description = "When a write counts as done (default everysec).")
  private Durability durability = Durability.EVERYSEC;

  @Option(
      names = "--io",
      paramLabel = "auto|uring|portable",
      description = "I/O backend (default auto: io_uring where the kernel allows it).")
  private IoMode ioMode = IoMode.AUTO;

  @Option(
      names = "--disk-limit",
      paramLabel = "SIZE",
      description = "The most disk space to take (default: no limit).",
      converter = ByteSize.class)
  private long diskLimitBytes = Long.MAX_VALUE;

  @Option(
      names = "--checkpoint-interval",
      paramLabel = "SECONDS",
      description = "How often to take a checkpoint (default 0: when asked to).")
  private long checkpointSeconds;

  @Spec(Target.MIXEE)
  private CommandSpec mixee = CommandSpec.create(); // the parser puts the real one here

  /** Made by the command line parser. */
  public StoreFlags() {}

  /** Returns the options for a store in {@code directory}, with 1 GiB of memory by default. */
  public StoreOptions options(Path directory) {
    return options(directory, 1L << 30);
  }

  /** Returns the options for a store in {@code directory}. */
  public StoreOptions options(Path directory, long defaultMemoryBytes) {
    long memory = memoryBytes == null ? defaultMemoryBytes : memoryBytes;
    if (memory < StoreOptions.MIN_MEMORY_BYTES) {
      throw badArgument(
          "--memory must be at least "
              + ByteSize.format(StoreOptions.MIN_MEMORY_BYTES)
              + ", not "
              + ByteSize.format(memory));
    }
    if (diskLimitBytes <= 0) {
      throw badArgument("--disk-limit must be more than 0");
    }
    if (checkpointSeconds < 0) {
      throw badArgument("--checkpoint-interval must be at least 0");
    }
    return StoreOptions.of(directory)
        .withMemoryBytes(memory)
        .withDurability(durability)
        .withIoMode(ioMode)
        .withDiskLimitBytes(diskLimitBytes)
        .withCheckpointInterval(Duration.ofSeconds(checkpointSeconds));
  }

  private ParameterException badArgument(String message) {
    return new ParameterException(mixee.commandLine(), message);
  }
}
