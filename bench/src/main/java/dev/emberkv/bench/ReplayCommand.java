package dev.emberkv.bench;

import dev.emberkv.bench.replay.BprSettings;
import dev.emberkv.bench.replay.BprTrainer;
import dev.emberkv.bench.replay.HeldOutAuc;
import dev.emberkv.bench.replay.Interactions;
import dev.emberkv.bench.replay.TableEmbeddings;
import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.bench.workload.StoreActivity;
import dev.emberkv.engine.FeatureAdmission;
import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code emberkv replay}: trains a recommender on a trace, with the store as its parameter server.
 */
@Command(
    name = "replay",
    description = {
      "Train matrix factorization (BPR loss) on the lines `user item` of FILE, each user's in the"
          + " order of time.",
      "All embeddings live in the store; the last item of each user is held out and ranked."
    })
final class ReplayCommand implements Callable<Integer> {
  /** A small spread, so that scores start near 0 but rows differ. */
  private static final Initializer INITIAL_ROWS = new Initializer.Uniform(-0.1f, 0.1f);

  @Parameters(paramLabel = "FILE", description = "The trace.")
  private Path file = Path.of("");

  @Option(
      names = "--dim",
      paramLabel = "N",
      description = "Elements of an embedding (default ${DEFAULT-VALUE}).")
  private int dim = 64;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the trace (default ${DEFAULT-VALUE}).")
  private int epochs = 10;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description =
          "Interactions in a step; has no influence on the loss (default ${DEFAULT-VALUE}).")
  private int batch = 4096;

  @Option(
      names = "--lr",
      paramLabel = "X",
      description = "Learning rate (default ${DEFAULT-VALUE}).")
  private float learningRate = 0.3f;

  @Option(
      names = "--reg",
      paramLabel = "X",
      description = "Regularization (default ${DEFAULT-VALUE}).")
  private float regularization = 0.02f;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description =
          "none: rows are changed here and put; sgd, adagrad, rowwise_adagrad, adam, adamw, ftrl:"
              + " gradients are pushed to tables with that optimizer, whose learning rate is --lr"
              + " (default ${DEFAULT-VALUE}).")
  private String optimizerName = "none";

  @Option(
      names = "--admit",
      paramLabel = "N",
      description =
          "With an optimizer: an id gets a row in the step in which it is seen for the N-th time;"
              + " steps count an id once (default ${DEFAULT-VALUE}: the first).")
  private int admit = 1;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of initial rows, order and negative items (default ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Mixin private ReportFlags report = new ReportFlags();

  @Mixin private StoreFlags storeFlags = new StoreFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws IOException {
    BprSettings settings = settings();
    if (!Files.isReadable(file)) {
      throw new ParameterException(spec.commandLine(), "cannot read " + file);
    }
    Interactions interactions = Interactions.read(file);
    try (DataDirectory data = report.dataDirectory();
        Store store = Store.open(storeFlags.options(data.path()))) {
      report.print(train(store, interactions, settings), spec.commandLine().getOut());
    }
    return 0;
  }

  private BprSettings settings() {
    if (!optimizer().learns() && admit != 1) {
      throw new ParameterException(spec.commandLine(), "--admit needs an --optimizer");
    }
    if (admit < 1 || admit > FeatureAdmission.Counted.MAX_TIMES) {
      throw new ParameterException(
          spec.commandLine(), "--admit must be in 1.." + FeatureAdmission.Counted.MAX_TIMES);
    }
    if (epochs < 1 || dim > TableSpec.MAX_DIM) {
      throw new ParameterException(
          spec.commandLine(), "--epochs must be at least 1 and --dim at most " + TableSpec.MAX_DIM);
    }
    try {
      return new BprSettings(dim, batch, learningRate, regularization, seed);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private Optimizer optimizer() {
    return switch (optimizerName) {
      case "none" -> Optimizer.none();
      case "sgd" -> Optimizer.sgd().withLearningRate(learningRate);
      case "adagrad" -> Optimizer.adagrad().withLearningRate(learningRate);
      case "rowwise_adagrad" -> Optimizer.rowwiseAdagrad().withLearningRate(learningRate);
      case "adam" -> Optimizer.adam().withLearningRate(learningRate);
      case "adamw" -> Optimizer.adamW().withLearningRate(learningRate);
      case "ftrl" -> Optimizer.ftrl().withLearningRate(learningRate);
      default ->
          throw new ParameterException(
              spec.commandLine(),
              "--optimizer must be none, sgd, adagrad, rowwise_adagrad, adam, adamw or ftrl, not "
                  + optimizerName);
    };
  }

  private BenchResult train(Store store, Interactions interactions, BprSettings settings) {
    TableEmbeddings users = new TableEmbeddings(table(store, "users"));
    TableEmbeddings items = new TableEmbeddings(table(store, "items"));
    long modelBytes = (long) (interactions.users() + interactions.items()) * dim * Float.BYTES;
    System.err.printf(
        Locale.ROOT,
        "%,d users, %,d items, %,d interactions to train on; a model of %s, %s of memory%n",
        interactions.users(),
        interactions.items(),
        interactions.trainCount(),
        ByteSize.format(modelBytes),
        ByteSize.format(store.options().memoryBytes()));
    double aucBefore = HeldOutAuc.measure(interactions, users, items, dim, seed);
    BprTrainer trainer =
        optimizer().learns()
            ? BprTrainer.pushing(interactions, users, items, settings)
            : new BprTrainer(interactions, users, items, settings);
    long total = (long) epochs * interactions.trainCount();
    PrintWriter out = spec.commandLine().getOut();
    StoreStats before = store.stats();
    long start = System.nanoTime();
    LossReport losses = new LossReport(out, store, interactions.trainCount(), total);
    try (ProgressBar bar = ProgressBar.start("train", "interactions", total)) {
      for (long done = 0; done < total; ) {
        BprTrainer.Step step = trainer.step((int) Math.min(batch, total - done));
        done += step.triples();
        losses.add(step, trainer.rowsMoved());
        bar.note(String.format(Locale.ROOT, "loss %.4f", step.lossSum() / step.triples()));
        bar.step(step.triples());
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    StoreActivity activity = StoreActivity.between(before, store.stats());
    double auc = HeldOutAuc.measure(interactions, users, items, dim, seed);
    return new BenchResult()
        .put("loss_first", losses.first())
        .put("loss_last", losses.last())
        .put("auc_before", aucBefore)
        .put("auc", auc)
        .put("hit_ratio", activity.hitRatio())
        .put("device_reads", activity.deviceReads())
        .put("device_read_bytes", activity.deviceReadBytes())
        .put("device_write_bytes", activity.deviceWriteBytes())
        .put("rows_per_s", trainer.rowsMoved() / seconds)
        .put("seconds", seconds)
        .put("users", interactions.users())
        .put("items", interactions.items())
        .put("rows", users.table().size() + items.table().size())
        .put("not_admitted", notAdmitted(users) + notAdmitted(items))
        .put("model_bytes", modelBytes)
        .put("memory_bytes", store.options().memoryBytes())
        .put("rss_bytes", ProcessMemory.residentBytes())
        .put("dim", dim)
        .put("epochs", epochs)
        .put("batch", batch)
        .put("lr", learningRate)
        .put("optimizer", optimizerName)
        .put("admit", admit)
        .put("reg", regularization)
        .put("seed", seed)
        .put("io", store.stats().ioBackend());
  }

  private static long notAdmitted(TableEmbeddings embeddings) {
    return embeddings.table().stats().notAdmitted();
  }

  /** Takes up a table that an earlier replay left, so that training goes on from there. */
  private Table table(Store store, String name) {
    TableSpec wanted =
        TableSpec.of(name, dim)
            .withInitializer(INITIAL_ROWS, seed)
            .withOptimizer(optimizer())
            .withAdmission(
                admit == 1
                    ? new FeatureAdmission.All()
                    : new FeatureAdmission.Counted(admit, FeatureAdmission.Sight.PUSHES));
    Table table = store.table(name).orElseGet(() -> store.createTable(wanted));
    if (!table.spec().equals(wanted)) {
      throw new IllegalStateException(
          "%s has a table %s of another kind (%s); give its --dim, --seed, --optimizer, --lr and --admit, or another --data"
              .formatted(store.options().directory(), name, table.spec()));
    }
    return table;
  }
}
