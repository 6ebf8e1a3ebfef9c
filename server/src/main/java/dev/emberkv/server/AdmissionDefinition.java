package dev.emberkv.server;

import dev.emberkv.engine.FeatureAdmission;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Which ids get a row, among the options of {@code EMB.CREATE}: {@code ADMIT n [ADMITBY
 * pushes|lookups]}, or {@code CHANCE p}.
 */
final class AdmissionDefinition {
  private @Nullable Integer times;
  private FeatureAdmission.@Nullable Sight sight;
  private FeatureAdmission.@Nullable Chance chance;

  /** Takes what follows {@code ADMIT}. */
  void times(String text) {
    try {
      times = Integer.valueOf(text);
    } catch (NumberFormatException e) {
      throw TableDefinition.fail("ADMIT needs a number of times, not '" + text + "'");
    }
  }

  /** Takes what follows {@code ADMITBY}. */
  void sight(String text) {
    sight =
        switch (text.toLowerCase(Locale.ROOT)) {
          case "pushes" -> FeatureAdmission.Sight.PUSHES;
          case "lookups" -> FeatureAdmission.Sight.LOOKUPS;
          default ->
              throw TableDefinition.fail("ADMITBY must be pushes or lookups, not '" + text + "'");
        };
  }

  /** Takes what follows {@code CHANCE}. */
  void chance(String text) {
    try {
      chance = new FeatureAdmission.Chance(Double.parseDouble(text));
    } catch (NumberFormatException e) {
      throw TableDefinition.fail("CHANCE needs a number, not '" + text + "'");
    } catch (IllegalArgumentException e) {
      throw TableDefinition.fail("CHANCE: " + e.getMessage());
    }
  }

  /** Makes the rule. */
  FeatureAdmission build() {
    if (chance != null) {
      if (times != null || sight != null) {
        throw TableDefinition.fail("CHANCE stands for itself, without ADMIT or ADMITBY");
      }
      return chance;
    }
    if (times == null) {
      if (sight != null) {
        throw TableDefinition.fail("ADMITBY needs ADMIT");
      }
      return new FeatureAdmission.All();
    }
    try {
      return new FeatureAdmission.Counted(
          times, sight == null ? FeatureAdmission.Sight.PUSHES : sight);
    } catch (IllegalArgumentException e) {
      throw TableDefinition.fail("ADMIT: " + e.getMessage());
    }
  }

  /** Returns a rule as {@code EMB.CREATE} takes it. */
  static String text(FeatureAdmission admission) {
    return switch (admission) {
      case FeatureAdmission.All() -> "all";
      case FeatureAdmission.Counted(int times, FeatureAdmission.Sight sight) ->
          "admit " + times + " admitby " + sight.name().toLowerCase(Locale.ROOT);
      case FeatureAdmission.Chance(double probability) -> "chance " + RowText.number(probability);
    };
  }
}
