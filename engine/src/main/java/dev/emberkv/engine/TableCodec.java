package dev.emberkv.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The form in which a keyspace's definition stands in the log and in the catalog; see
 * docs/DATA_FILE.md.
 */
final class TableCodec {
  private static final byte VERSION = 1;
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
    if (version != VERSION) {
      throw new IllegalStateException(
          "a table definition has version %d, this release reads %d".formatted(version, VERSION));
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
    return buffer(FIXED_BYTES + name.length)
        .put(VERSION)
        .put(spec.dtype().code)
        .put((byte) initializer)
        .put((byte) 0)
        .putInt(spec.dim())
        .putFloat(first)
        .putFloat(second)
        .putLong(spec.seed())
        .putLong(0)
        .put(name)
        .array();
  }

  /** Decodes what {@link #encode} made. */
  static TableSpec decode(byte[] definition) {
    ByteBuffer in = ByteBuffer.wrap(definition).order(ByteOrder.LITTLE_ENDIAN);
    checkVersion(in.get());
    Dtype dtype = Dtype.ofCode(in.get());
    int initializer = in.get();
    in.get();
    int dim = in.getInt();
    float first = in.getFloat();
    float second = in.getFloat();
    long seed = in.getLong();
    in.getLong();
    String name =
        new String(
            definition, FIXED_BYTES, definition.length - FIXED_BYTES, StandardCharsets.UTF_8);
    return new TableSpec(
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
        seed);
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
