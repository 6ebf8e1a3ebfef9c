package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.DrawnBatches;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.PlainArray;
import dev.emberkv.bench.workload.UploadWork;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.cuda.Accelerator;
import dev.emberkv.cuda.BatchLayout;
import dev.emberkv.cuda.CopyProbe;
import dev.emberkv.cuda.CudaProbe;
import dev.emberkv.cuda.PrefetchOptions;
import dev.emberkv.cuda.PrefetchPipeline;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.uring.Finding;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code emberkv bench upload}: brings rows to device memory, in turns with plain lookups of the
 * same batches, a bare gather, and copies of as many bytes.
 */
@Command(
    name = "upload",
    description = {
      "Bring rows to device memory ahead of their use, beside plain lookups and plain copies.",
      "Without a GPU it measures the host fallback, and says so.",
      "Loads the rows first when the directory is empty, and leaves them there."
    })
final class UploadBench implements Callable<Integer> {
  private static final int SLICES = 5;

  /** Copies take a fifth of the time of the others: they vary little. */
  private static final double COPY_SHARE = 0.2;

  private static final int VERIFIED_BATCHES = 16;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "Batches under way at a time (default ${DEFAULT-VALUE}).")
  private int depth = 4;

  @Option(
      names = "--layout",
      paramLabel = "as-submitted|unique|expanded",
      description = "How rows lie in device memory (default as-submitted).",
      converter = LayoutConverter.class)
  private BatchLayout layout = BatchLayout.AS_SUBMITTED;

  @Option(names = "--host", description = "Measure the host fallback, also where there is a GPU.")
  private boolean host;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    PrefetchOptions options = options();
    try (DataDirectory data = flags.dataDirectory();
        Store store = Store.open(flags.storeOptions(data.path()));
        Accelerator accelerator = openAccelerator()) {
      flags.print(measure(store, accelerator, options), spec.commandLine().getOut());
    }
    return 0;
  }

  private PrefetchOptions options() {
    try {
      return PrefetchOptions.of(flags.batch())
          .withDepth(depth)
          .withGatherThreads(flags.threads())
          .withLayout(layout);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(),
          "--batch, --depth and --threads don't go together: " + e.getMessage(),
          e);
    }
  }

  private Accelerator openAccelerator() {
    Finding cuda = CudaProbe.run();
    if (!host && cuda.ok()) {
      return Accelerator.gpu(0);
    }
    System.err.println(
        "measuring the host fallback: " + (host ? "--host was given" : cuda.detail()));
    return Accelerator.host();
  }

  private BenchResult measure(Store store, Accelerator accelerator, PrefetchOptions options)
      throws InterruptedException {
    StoreRun run = new StoreRun(flags, store);
    Table table = run.loadedTable();
    long batchBytes = (long) flags.batch() * flags.pattern().rowBytes();
    List<Work> lookups =
        run.works(keys -> UploadWork.lookups(table, new DrawnBatches(keys, flags.batch())));
    run.warmUp(table, lookups);
    DrawnBatches batches = new DrawnBatches(flags.keys(0, flags.rows()), flags.batch());
    Rates rates = new Rates();
    try (PrefetchPipeline pipeline = PrefetchPipeline.open(store, table, accelerator, options);
        CopyProbe probe = CopyProbe.open(accelerator, batchBytes);
        PlainArray array = PlainArray.of(flags.rows(), flags.pattern())) {
      UploadWork.Uploads uploads = new UploadWork.Uploads(pipeline, batches, depth);
      Work pinned = UploadWork.pinnedCopies(probe, flags.batch());
      Work pageable = UploadWork.pageableCopies(probe, flags.batch());
      List<Work> gathers = run.works(keys -> array.gathers(keys, flags.batch()));
      double slice = flags.seconds() / SLICES;
      WorkThreads.run(List.of(uploads), slice, rows -> {}); // warm-up
      uploads.drain();
      WorkThreads.run(gathers, slice, rows -> {});
      for (int i = 0; i < SLICES; i++) {
        run.measure(List.of(uploads), slice);
        uploads.drain();
        rates.lookups = sum(rates.lookups, WorkThreads.run(lookups, slice, rows -> {}));
        rates.gathers = sum(rates.gathers, WorkThreads.run(gathers, slice, rows -> {}));
        rates.pinned = sum(rates.pinned, copy(pinned, slice));
        rates.pageable = sum(rates.pageable, copy(pageable, slice));
      }
      long verified = uploads.requireRows(VERIFIED_BATCHES, flags.pattern());
      return result(run, rates, accelerator).put("verified_rows", verified);
    }
  }

  /** What the uploads are compared with. */
  private static final class Rates {
    private @Nullable Measurement lookups;
    private @Nullable Measurement gathers;
    private @Nullable Measurement pinned;
    private @Nullable Measurement pageable;
  }

  private static Measurement sum(@Nullable Measurement before, Measurement more) {
    return before == null ? more : before.plus(more);
  }

  private static Measurement copy(Work copies, double slice) throws InterruptedException {
    return WorkThreads.run(List.of(copies), slice * COPY_SHARE, rows -> {});
  }

  private BenchResult result(StoreRun run, Rates rates, Accelerator accelerator) {
    double uploads = run.rowsPerSecond();
    double lookups = rate(rates.lookups);
    double gathers = rate(rates.gathers);
    double pinned = rate(rates.pinned);
    double limit = Math.min(gathers, pinned);
    int rowBytes = flags.pattern().rowBytes();
    return run.result()
        .put("target", accelerator.description())
        .put("gpu", accelerator.isGpu())
        .put("depth", (long) depth)
        .put("layout", text(layout))
        .put("upload_bytes_per_s", uploads * rowBytes)
        .put("lookup_rows_per_s", lookups)
        .put("of_lookup", uploads / lookups)
        .put("gather_rows_per_s", gathers)
        .put("pinned_copy_rows_per_s", pinned)
        .put("pageable_copy_rows_per_s", rate(rates.pageable))
        .put("limit_rows_per_s", limit)
        .put("of_limit", uploads / limit);
  }

  private static double rate(@Nullable Measurement measurement) {
    return measurement == null ? 0 : measurement.rowsPerSecond();
  }

  private static String text(BatchLayout layout) {
    return layout.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static final class LayoutConverter implements ITypeConverter<BatchLayout> {
    @Override
    public BatchLayout convert(String text) {
      for (BatchLayout layout : BatchLayout.values()) {
        if (text(layout).equals(text)) {
          return layout;
        }
      }
      throw new TypeConversionException(
          "'%s' is none of as-submitted, unique, expanded".formatted(text));
    }
  }
}
