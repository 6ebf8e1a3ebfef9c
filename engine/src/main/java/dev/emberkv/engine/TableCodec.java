package dev.emberkv.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/**
 * The form in which a keyspace's definition stands in the log and in the catalog; see
 * docs/DATA_FILE.md.
 */
final class TableCodec {
  private static final byte VERSION = 1;

  /** The version of tables that learn: an optimizer stands in front of the name. */
  private static final byte LEARNING_VERSION = 2;

  /** The version of tables with rules about their rows: these stand behind the optimizer. */
  private static final byte RULES_VERSION = 3;

  private static final byte STRINGS = -1;
  private static final int FIXED_BYTES = 32;

  private TableCodec() {}

  /**
   * Encodes what the definition of a string keyspace starts with, see {@link StringsDefinition}.
   */
  static byte[] encodeStrings() {
    return new byte[] {VERSION, STRINGS};
  }

  /** Returns whether a definition is that of a string keyspace. */
  static boolean isStrings(byte[] definition) {
    checkVersion(definition[0]);
    return definition[1] == STRINGS;
  }

  private static void checkVersion(byte version) {
    if (version < VERSION || version > RULES_VERSION) {
      throw new IllegalStateException(
          "a table definition has version %d, this release reads %d to %d"
              .formatted(version, VERSION, RULES_VERSION));
    }
  }

  /** Encodes a table; the name stands last, in UTF-8. */
  static byte[] encode(TableSpec spec) {
    byte[] name = spec.name().getBytes(StandardCharsets.UTF_8);
    float first = 0;
    float second = 0;
    int initializer =
        switch (spec.initializer()) {
          case Initializer.Zeros zeros -> 0;
          case Initializer.Constant constant -> {
            first = constant.value();
            yield 1;
          }
          case Initializer.Uniform uniform -> {
            first = uniform.low();
            second = uniform.high();
            yield 2;
          }
          case Initializer.Normal normal -> {
            first = normal.mean();
            second = normal.deviation();
            yield 3;
          }
        };
    byte[] rules = RulesCodec.encode(spec);
    boolean hasRules = rules.length > RulesCodec.EMPTY_BYTES;
    boolean hasOptimizer = spec.optimizer().learns() || hasRules;
    int optionalBytes = (hasOptimizer ? OptimizerCodec.BYTES : 0) + (hasRules ? rules.length : 0);
    byte[] definition = new byte[FIXED_BYTES + optionalBytes + name.length];
    ByteBuffer out =
        ByteBuffer.wrap(definition)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(hasRules ? RULES_VERSION : hasOptimizer ? LEARNING_VERSION : VERSION)
            .put(spec.dtype().code)
            .put((byte) initializer)
            .put((byte) 0)
            .putInt(spec.dim())
            .putFloat(first)
            .putFloat(second)
            .putLong(spec.seed())
            .putLong(0);
    if (hasOptimizer) {
      OptimizerCodec.encode(spec.optimizer(), out);
    }
    if (hasRules) {
      out.put(rules);
    }
    out.put(name);
    return definition;
  }

  /** Decodes what {@link #encode} made. */
  static TableSpec decode(byte[] definition) {
    ByteBuffer in = ByteBuffer.wrap(definition).order(ByteOrder.LITTLE_ENDIAN);
    byte version = in.get();
    checkVersion(version);
    Dtype dtype = Dtype.ofCode(in.get());
    int initializer = in.get();
    in.get();
    int dim = in.getInt();
    float first = in.getFloat();
    float second = in.getFloat();
    long seed = in.getLong();
    in.getLong();
    Optimizer optimizer =
        version >= LEARNING_VERSION ? OptimizerCodec.decode(in) : Optimizer.none();
    UnaryOperator<TableSpec> rules =
        version >= RULES_VERSION ? RulesCodec.decode(in) : UnaryOperator.identity();
    String name = new String(definition, in.position(), in.remaining(), StandardCharsets.UTF_8);
    return rules.apply(
        new TableSpec(
            name,
            dim,
            dtype,
            switch (initializer) {
              case 0 -> new Initializer.Zeros();
              case 1 -> new Initializer.Constant(first);
              case 2 -> new Initializer.Uniform(first, second);
              case 3 -> new Initializer.Normal(first, second);
              default ->
                  throw new IllegalStateException(
                      "table %s: initializer %d".formatted(name, initializer));
            },
            seed,
            optimizer,
            new FeatureAdmission.All(),
            Expiry.NEVER));
  }
}
