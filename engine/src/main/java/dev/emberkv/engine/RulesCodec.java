package dev.emberkv.engine;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.UnaryOperator;

/**
 * The form in which the rules about a table's rows stand in its definition: a byte with their
 * number, and for each a byte that names it and its values; see docs/DATA_FILE.md.
 */
final class RulesCodec {
  /** The length of no rules. */
  static final int EMPTY_BYTES = 1;

  private static final byte COUNTED = 1;
  private static final byte CHANCE = 2;
  private static final byte TTL = 3;
  private static final byte MAX_ROWS = 4;
  private static final byte SCORES = 5;
  private static final byte MIN_ROWS = 6;

  private RulesCodec() {}

  static byte[] encode(TableSpec spec) {
    ByteArrayOutputStream rules = new ByteArrayOutputStream();
    int count =
        switch (spec.admission()) {
          case FeatureAdmission.All() -> 0;
          case FeatureAdmission.Counted(int times, FeatureAdmission.Sight sight) -> {
            rules.writeBytes(new byte[] {COUNTED, (byte) times, sight.code});
            yield 1;
          }
          case FeatureAdmission.Chance(double probability) -> {
            rules.writeBytes(buffer(1 + Double.BYTES).put(CHANCE).putDouble(probability).array());
            yield 1;
          }
        };
    Expiry expiry = spec.expiry();
    if (expiry.ttlSeconds() > 0 || expiry.dataTime()) {
      rules.writeBytes(
          buffer(2 + Long.BYTES)
              .put(TTL)
              .put((byte) (expiry.dataTime() ? 1 : 0))
              .putLong(expiry.ttlSeconds())
              .array());
      count++;
    }
    if (expiry.maxRows() > 0) {
      rules.writeBytes(buffer(1 + Long.BYTES).put(MAX_ROWS).putLong(expiry.maxRows()).array());
      count++;
    }
    Scores scores = expiry.scores();
    if (scores != null) {
      rules.writeBytes(
          buffer(1 + 5 * Long.BYTES + Integer.BYTES)
              .put(SCORES)
              .putDouble(scores.nonClick())
              .putDouble(scores.click())
              .putDouble(scores.decay())
              .putDouble(scores.threshold())
              .putInt(scores.unseenPeriods())
              .putLong(scores.periodSeconds())
              .array());
      count++;
    }
    if (expiry.minRows() > 0) {
      rules.writeBytes(buffer(1 + Long.BYTES).put(MIN_ROWS).putLong(expiry.minRows()).array());
      count++;
    }
    byte[] encoded = new byte[EMPTY_BYTES + rules.size()];
    encoded[0] = (byte) count;
    System.arraycopy(rules.toByteArray(), 0, encoded, EMPTY_BYTES, rules.size());
    return encoded;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Decodes what {@link #encode} made, as what it adds to a table without rules. */
  static UnaryOperator<TableSpec> decode(ByteBuffer in) {
    int count = in.get();
    FeatureAdmission admission = new FeatureAdmission.All();
    boolean dataTime = false;
    long ttlSeconds = 0;
    long maxRows = 0;
    long minRows = 0;
    Scores scores = null;
    for (int i = 0; i < count; i++) {
      byte rule = in.get();
      switch (rule) {
        case COUNTED -> {
          int times = Byte.toUnsignedInt(in.get());
          admission = new FeatureAdmission.Counted(times, FeatureAdmission.Sight.ofCode(in.get()));
        }
        case CHANCE -> admission = new FeatureAdmission.Chance(in.getDouble());
        case TTL -> {
          dataTime = in.get() == 1;
          ttlSeconds = in.getLong();
        }
        case MAX_ROWS -> maxRows = in.getLong();
        case SCORES ->
            scores =
                new Scores(
                    in.getDouble(),
                    in.getDouble(),
                    in.getDouble(),
                    in.getDouble(),
                    in.getInt(),
                    in.getLong());
        case MIN_ROWS -> minRows = in.getLong();
        default ->
            throw new IllegalStateException(
                "a table definition has rule %d, which this release does not know".formatted(rule));
      }
    }
    FeatureAdmission decoded = admission;
    Expiry expiry = new Expiry(ttlSeconds, dataTime, maxRows, minRows, scores);
    return spec -> spec.withAdmission(decoded).withExpiry(expiry);
  }
}
