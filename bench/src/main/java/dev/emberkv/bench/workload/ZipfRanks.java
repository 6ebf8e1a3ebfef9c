package dev.emberkv.bench.workload;

import java.util.SplittableRandom;

/**
 * Draws ranks 1..n with probability in proportion to rank^-exponent, in constant memory and time.
 *
 * <p>Rejection-inversion: W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from
 * monotone discrete distributions", ACM TOMACS 6(3), 1996. A point under the continuous hat h(x) =
 * x^-exponent is drawn by inverting its integral H, and rejected when it is not under the bar of
 * the integer next to it. H and its inverse are written with expm1 and log1p so that they hold at
 * and near exponent 1. At most about 1.3 draws per rank are needed.
 *
 * <p>Not thread-safe: it belongs to the owner of {@code random}.
 */
final class ZipfRanks {
  private final SplittableRandom random;
  private final double last;
  private final double exponent;
  private final double integralAtFirst;
  private final double integralAtLast;
  private final double squeeze;

  ZipfRanks(long n, double exponent, SplittableRandom random) {
    if (n < 1) {
      throw new IllegalArgumentException("n must be at least 1, not " + n);
    }
    if (!(exponent > 0)) {
      throw new IllegalArgumentException("exponent must be above 0, not " + exponent);
    }
    this.random = random;
    this.last = (double) n;
    this.exponent = exponent;
    this.integralAtFirst = integral(1.5) - 1;
    this.integralAtLast = integral(n + 0.5);
    this.squeeze = 2 - inverseIntegral(integral(2.5) - hat(2));
  }

  /** Returns the next rank, 1 the most popular. */
  long next() {
    while (true) {
      double u = integralAtLast + random.nextDouble() * (integralAtFirst - integralAtLast);
      double x = inverseIntegral(u);
      double rank = Math.clamp(Math.floor(x + 0.5), 1.0, last);
      if (rank - x <= squeeze || u >= integral(rank + 0.5) - hat(rank)) {
        return (long) rank;
      }
    }
  }

  private double hat(double x) {
    return Math.exp(-exponent * Math.log(x));
  }

  /** H(x) = (x^(1 - exponent) - 1) / (1 - exponent), which is log(x) at exponent 1. */
  private double integral(double x) {
    double logX = Math.log(x);
    return expm1OverX((1 - exponent) * logX) * logX;
  }

  private double inverseIntegral(double y) {
    double t = Math.max(-1, y * (1 - exponent)); // below -1 only by rounding
    return Math.exp(log1pOverX(t) * y);
  }

  private static double expm1OverX(double x) {
    return Math.abs(x) > 1e-8 ? Math.expm1(x) / x : 1 + x / 2;
  }

  private static double log1pOverX(double x) {
    return Math.abs(x) > 1e-8 ? Math.log1p(x) / x : 1 - x / 2;
  }
}
