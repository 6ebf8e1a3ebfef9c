package dev.emberkv.server;

import dev.emberkv.engine.Expiry;

/**
 * When rows go by themselves, among the options of {@code EMB.CREATE}: {@code TTL seconds
 * [DATATIME]} and {@code MAXROWS n}.
 */
final class ExpiryDefinition {
  private long ttlSeconds;
  private boolean dataTime;
  private long maxRows;

  /** Takes what follows {@code TTL}. */
  void ttl(String text) {
    ttlSeconds = positive("TTL", text);
  }

  /** Declares that the time of the rows is what writers give. */
  void dataTime() {
    dataTime = true;
  }

  /** Takes what follows {@code MAXROWS}. */
  void maxRows(String text) {
    maxRows = positive("MAXROWS", text);
  }

  private static long positive(String option, String text) {
    long value;
    try {
      value = Long.parseLong(text);
    } catch (NumberFormatException e) {
      value = 0;
    }
    if (value < 1) {
      throw TableDefinition.fail(option + " must be an integer from 1 on, not '" + text + "'");
    }
    return value;
  }

  /** Makes the rules. */
  Expiry build() {
    if (dataTime && ttlSeconds == 0) {
      throw TableDefinition.fail("DATATIME needs TTL");
    }
    try {
      return new Expiry(ttlSeconds, dataTime, maxRows);
    } catch (IllegalArgumentException e) {
      throw TableDefinition.fail("TTL: " + e.getMessage());
    }
  }

  /** Returns rules as {@code EMB.CREATE} takes them. */
  static String text(Expiry expiry) {
    if (expiry.equals(Expiry.NEVER)) {
      return "never";
    }
    String ttl = expiry.ttlSeconds() == 0 ? "" : "ttl " + expiry.ttlSeconds();
    String time = expiry.dataTime() ? " datatime" : "";
    String cap = expiry.maxRows() == 0 ? "" : " maxrows " + expiry.maxRows();
    return (ttl + time + cap).strip();
  }
}
