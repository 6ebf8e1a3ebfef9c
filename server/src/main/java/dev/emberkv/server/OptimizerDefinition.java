package dev.emberkv.server;

import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.Optimizer.Rule;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The optimizer of {@code EMB.CREATE}: gathers its options, in any order, and makes an {@link
 * Optimizer} of them. What the rule does not use is an error.
 */
final class OptimizerDefinition {
  private String name = "none";
  private final Map<String, Double> options = new LinkedHashMap<>();
  private boolean rejectsNan;

  /** Takes the name that follows {@code OPTIMIZER}. */
  void name(String newName) {
    name = newName.toLowerCase(Locale.ROOT);
  }

  /** Declares that gradients that are not finite are refused. */
  void rejectNan() {
    rejectsNan = true;
  }

  /** Returns whether an option has a number for the optimizer. */
  static boolean isOption(String option) {
    return switch (option) {
      case "LR", "DECAY", "CLIP", "MOMENTUM", "ACC", "EPS", "BETA1", "BETA2", "BETA", "L1", "L2" ->
          true;
      default -> false;
    };
  }

  /** Takes an option's number. */
  void option(String option, String text) {
    try {
      options.put(option, Double.valueOf(text));
    } catch (NumberFormatException e) {
      throw TableDefinition.fail(option + " needs a number, not '" + text + "'");
    }
  }

  /** Makes the optimizer. */
  Optimizer build() {
    Optimizer result;
    try {
      result = common(rule());
    } catch (IllegalArgumentException e) {
      throw TableDefinition.fail("OPTIMIZER " + name + ": " + e.getMessage());
    }
    if (!options.isEmpty()) {
      throw TableDefinition.fail(
          "OPTIMIZER " + name + " has no option " + options.keySet().iterator().next());
    }
    return result;
  }

  private Optimizer rule() {
    return switch (name) {
      case "none" -> {
        if (rejectsNan) {
          throw TableDefinition.fail("OPTIMIZER none has no option REJECTNAN");
        }
        yield Optimizer.none();
      }
      case "sgd" -> with(Optimizer.sgd(), new Rule.Sgd(take("MOMENTUM", 0)));
      case "adagrad" ->
          with(Optimizer.adagrad(), new Rule.Adagrad(take("ACC", 0), take("EPS", 1e-10)));
      case "rowwise_adagrad" ->
          with(
              Optimizer.rowwiseAdagrad(),
              new Rule.RowwiseAdagrad(take("ACC", 0), take("EPS", 1e-10)));
      case "adam" ->
          with(
              Optimizer.adam(),
              new Rule.Adam(take("BETA1", 0.9), take("BETA2", 0.999), take("EPS", 1e-8)));
      case "adamw" ->
          with(
              Optimizer.adamW(),
              new Rule.AdamW(take("BETA1", 0.9), take("BETA2", 0.999), take("EPS", 1e-8)));
      case "ftrl" ->
          with(Optimizer.ftrl(), new Rule.Ftrl(take("BETA", 1), take("L1", 0), take("L2", 0)));
      default ->
          throw TableDefinition.fail(
              "OPTIMIZER must be none, sgd, adagrad, rowwise_adagrad, adam, adamw or ftrl, not '"
                  + name
                  + "'");
    };
  }

  private static Optimizer with(Optimizer defaults, Rule rule) {
    return Optimizer.of(rule, defaults.learningRate()).withWeightDecay(defaults.weightDecay());
  }

  private Optimizer common(Optimizer optimizer) {
    if (!optimizer.learns()) {
      return optimizer;
    }
    return optimizer
        .withLearningRate(take("LR", optimizer.learningRate()))
        .withWeightDecay(take("DECAY", optimizer.weightDecay()))
        .withMaxGradientNorm(take("CLIP", optimizer.maxGradientNorm()))
        .withRejectsNan(rejectsNan);
  }

  private double take(String option, double otherwise) {
    Double value = options.remove(option);
    return value == null ? otherwise : value;
  }

  /** Returns an optimizer as {@code OPTIMIZER} takes it, with all options. */
  static String text(Optimizer optimizer) {
    String rule =
        switch (optimizer.rule()) {
          case Rule.None() -> "none";
          case Rule.Sgd(double momentum) -> "sgd momentum " + number(momentum);
          case Rule.Adagrad(double accumulator, double epsilon) ->
              "adagrad acc " + number(accumulator) + " eps " + number(epsilon);
          case Rule.RowwiseAdagrad(double accumulator, double epsilon) ->
              "rowwise_adagrad acc " + number(accumulator) + " eps " + number(epsilon);
          case Rule.Adam(double beta1, double beta2, double epsilon) ->
              "adam" + betas(beta1, beta2, epsilon);
          case Rule.AdamW(double beta1, double beta2, double epsilon) ->
              "adamw" + betas(beta1, beta2, epsilon);
          case Rule.Ftrl(double beta, double l1, double l2) ->
              "ftrl beta " + number(beta) + " l1 " + number(l1) + " l2 " + number(l2);
        };
    return optimizer.learns() ? rule + commonText(optimizer) : rule;
  }

  private static String betas(double beta1, double beta2, double epsilon) {
    return " beta1 " + number(beta1) + " beta2 " + number(beta2) + " eps " + number(epsilon);
  }

  private static String commonText(Optimizer optimizer) {
    StringBuilder text = new StringBuilder(" lr ").append(number(optimizer.learningRate()));
    if (optimizer.weightDecay() != 0) {
      text.append(" decay ").append(number(optimizer.weightDecay()));
    }
    if (optimizer.maxGradientNorm() < Double.POSITIVE_INFINITY) {
      text.append(" clip ").append(number(optimizer.maxGradientNorm()));
    }
    return text.append(optimizer.rejectsNan() ? " rejectnan" : "").toString();
  }

  private static String number(double value) {
    return RowText.number(value);
  }
}
