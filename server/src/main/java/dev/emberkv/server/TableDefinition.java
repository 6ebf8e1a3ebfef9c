package dev.emberkv.server;

import dev.emberkv.engine.Dtype;
import dev.emberkv.engine.FeatureAdmission;
import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.TableSpec;
import java.util.Locale;

/**
 * The options of {@code EMB.CREATE}: text to {@link TableSpec} and back. An option that this
 * version cannot honour is an error, never passed over.
 */
final class TableDefinition {
  private TableDefinition() {}

  /** Reads {@code EMB.CREATE table DIM n [DTYPE d] [INIT ...] [SEED s] [OPTIMIZER o ...] ...}. */
  static TableSpec parse(Request request) {
    String name = request.text(1);
    if (name.isEmpty() || name.length() > 255) {
      throw fail("a table name has 1 to 255 characters, not " + name.length());
    }
    Cursor cursor = new Cursor(request, 2);
    int dim = 0;
    Dtype dtype = Dtype.F32;
    Initializer initializer = new Initializer.Zeros();
    long seed = 0;
    OptimizerDefinition optimizer = new OptimizerDefinition();
    AdmissionDefinition admission = new AdmissionDefinition();
    ExpiryDefinition expiry = new ExpiryDefinition();
    while (cursor.hasNext()) {
      String option = cursor.next("option").toUpperCase(Locale.ROOT);
      switch (option) {
        case "DIM" -> dim = dim(cursor.next(option));
        case "DTYPE" -> dtype = dtype(cursor.next(option));
        case "INIT" -> initializer = initializer(cursor);
        case "SEED" -> seed = seed(cursor.next(option));
        case "OPTIMIZER" -> optimizer.name(cursor.next(option));
        case "REJECTNAN" -> optimizer.rejectNan();
        case "ADMIT" -> admission.times(cursor.next(option));
        case "ADMITBY" -> admission.sight(cursor.next(option));
        case "CHANCE" -> admission.chance(cursor.next(option));
        case "TTL" -> expiry.ttl(cursor.next(option));
        case "DATATIME" -> expiry.dataTime();
        case "MAXROWS" -> expiry.maxRows(cursor.next(option));
        case "MINROWS" -> expiry.minRows(cursor.next(option));
        case "SCORES" -> expiry.scores();
        default -> {
          if (ExpiryDefinition.isScoreOption(option)) {
            expiry.scoreOption(option, cursor.next(option));
            continue;
          }
          if (!OptimizerDefinition.isOption(option)) {
            throw fail("unknown option '" + option + "'");
          }
          optimizer.option(option, cursor.next(option));
        }
      }
    }
    if (dim == 0) {
      throw fail("DIM is missing");
    }
    TableSpec spec =
        new TableSpec(
            name,
            dim,
            dtype,
            initializer,
            seed,
            optimizer.build(),
            admission.build(),
            expiry.build());
    if (!spec.optimizer().learns() && !(spec.admission() instanceof FeatureAdmission.All)) {
      throw fail("admission decides about pushes: it needs an OPTIMIZER");
    }
    if (!spec.optimizer().learns() && spec.expiry().scores() != null) {
      throw fail("SCORES come with pushes: they need an OPTIMIZER");
    }
    return spec;
  }

  /** Returns an initializer as {@code INIT} takes it. */
  static String text(Initializer initializer) {
    return switch (initializer) {
      case Initializer.Zeros() -> "zeros";
      case Initializer.Constant(float value) -> "constant " + RowText.number(value);
      case Initializer.Uniform(float low, float high) ->
          "uniform " + RowText.number(low) + " " + RowText.number(high);
      case Initializer.Normal(float mean, float deviation) ->
          "normal " + RowText.number(mean) + " " + RowText.number(deviation);
    };
  }

  private static int dim(String text) {
    int dim;
    try {
      dim = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      dim = -1;
    }
    if (dim < 1 || dim > TableSpec.MAX_DIM) {
      throw fail("DIM must be an integer in 1.." + TableSpec.MAX_DIM + ", not '" + text + "'");
    }
    return dim;
  }

  private static Dtype dtype(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "f32" -> Dtype.F32;
      case "f16" -> Dtype.F16;
      case "bf16" -> Dtype.BF16;
      case "i8" -> Dtype.I8;
      default -> throw fail("DTYPE must be f32, f16, bf16 or i8, not '" + text + "'");
    };
  }

  private static Initializer initializer(Cursor cursor) {
    String kind = cursor.next("INIT").toLowerCase(Locale.ROOT);
    try {
      return switch (kind) {
        case "zeros" -> new Initializer.Zeros();
        case "constant" -> new Initializer.Constant(real(cursor, "INIT constant"));
        case "uniform" ->
            new Initializer.Uniform(real(cursor, "INIT uniform"), real(cursor, "INIT uniform"));
        case "normal" ->
            new Initializer.Normal(real(cursor, "INIT normal"), real(cursor, "INIT normal"));
        default ->
            throw fail("INIT must be zeros, constant, uniform or normal, not '" + kind + "'");
      };
    } catch (IllegalArgumentException e) {
      throw fail("INIT " + e.getMessage());
    }
  }

  private static float real(Cursor cursor, String option) {
    String text = cursor.next(option);
    try {
      float value = Float.parseFloat(text);
      if (Float.isFinite(value)) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Answered below, as a number that is not finite.
    }
    throw fail(option + " needs finite numbers, not '" + text + "'");
  }

  /** Takes a signed or an unsigned 64-bit decimal: a seed is 64 bits, whatever they mean. */
  private static long seed(String text) {
    try {
      return text.startsWith("-") ? Long.parseLong(text) : Long.parseUnsignedLong(text);
    } catch (NumberFormatException e) {
      throw fail("SEED must be a 64-bit integer, not '" + text + "'");
    }
  }

  static CommandException fail(String message) {
    return new CommandException("ERR EMB.CREATE: " + message);
  }

  /** The arguments from left to right. */
  private static final class Cursor {
    private final Request request;
    private int at;

    Cursor(Request request, int from) {
      this.request = request;
      this.at = from;
    }

    boolean hasNext() {
      return at < request.size();
    }

    String next(String option) {
      if (!hasNext()) {
        throw fail(option + " needs a value");
      }
      return request.text(at++);
    }
  }
}
