package dev.emberkv.server;

import dev.emberkv.engine.Expiry;
import dev.emberkv.engine.Scores;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When rows go by themselves, among the options of {@code EMB.CREATE}: {@code TTL seconds
 * [DATATIME]}, {@code MAXROWS n} and {@code SCORES [NONCLICK a] [CLICK b] [SCOREDECAY r] [MINSCORE
 * s] [UNSEEN periods] [PERIOD seconds] [MINROWS n]}.
 */
final class ExpiryDefinition {
  private long ttlSeconds;
  private boolean dataTime;
  private long maxRows;
  private long minRows;
  private boolean scored;
  private final Map<String, String> scoreOptions = new LinkedHashMap<>();

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

  /** Takes what follows {@code MINROWS}. */
  void minRows(String text) {
    minRows = positive("MINROWS", text);
  }

  /** Declares that rows have scores. */
  void scores() {
    scored = true;
  }

  /** Returns whether an option has a number for the scores. */
  static boolean isScoreOption(String option) {
    return switch (option) {
      case "NONCLICK", "CLICK", "SCOREDECAY", "MINSCORE", "UNSEEN", "PERIOD" -> true;
      default -> false;
    };
  }

  /** Takes an option's number. */
  void scoreOption(String option, String text) {
    scoreOptions.put(option, text);
  }

  private double number(String option, double otherwise) {
    String text = scoreOptions.get(option);
    try {
      return text == null ? otherwise : Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw TableDefinition.fail(option + " needs a number, not '" + text + "'");
    }
  }

  private long whole(String option, long otherwise) {
    String text = scoreOptions.get(option);
    return text == null ? otherwise : positive(option, text);
  }

  private @Nullable Scores buildScores() {
    if (!scored) {
      if (minRows > 0 || !scoreOptions.isEmpty()) {
        throw TableDefinition.fail(
            (minRows > 0 ? "MINROWS" : scoreOptions.keySet().iterator().next()) + " needs SCORES");
      }
      return null;
    }
    Scores usual = Scores.DEFAULT;
    try {
      return new Scores(
          number("NONCLICK", usual.nonClick()),
          number("CLICK", usual.click()),
          number("SCOREDECAY", usual.decay()),
          number("MINSCORE", usual.threshold()),
          (int) Math.min(Integer.MAX_VALUE, whole("UNSEEN", usual.unseenPeriods())),
          whole("PERIOD", usual.periodSeconds()));
    } catch (IllegalArgumentException e) {
      throw TableDefinition.fail("SCORES: " + e.getMessage());
    }
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
    if (dataTime && ttlSeconds == 0 && !scored) {
      throw TableDefinition.fail("DATATIME needs TTL or SCORES");
    }
    Scores scores = buildScores();
    if (maxRows > 0 && minRows > maxRows) {
      throw TableDefinition.fail("MINROWS must be at most MAXROWS");
    }
    try {
      return new Expiry(ttlSeconds, dataTime, maxRows, minRows, scores);
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
    return (ttl + time + cap + scoresText(expiry)).strip();
  }

  private static String scoresText(Expiry expiry) {
    Scores scores = expiry.scores();
    if (scores == null) {
      return "";
    }
    String floor = expiry.minRows() == 0 ? "" : " minrows " + expiry.minRows();
    return " scores nonclick %s click %s scoredecay %s minscore %s unseen %d period %d%s"
        .formatted(
            scores.nonClick(),
            scores.click(),
            scores.decay(),
            scores.threshold(),
            scores.unseenPeriods(),
            scores.periodSeconds(),
            floor);
  }
}
