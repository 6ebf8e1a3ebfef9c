package dev.emberkv.server;

/**
 * Patterns as in Redis: {@code *}, {@code ?}, {@code [abc]}, {@code [^a-z]}, and a backslash that
 * takes the next byte literally.
 *
 * <p>On a mismatch only the last {@code *} is tried anew, which is enough, so that a pattern of
 * many stars takes time pattern x text and not exponential time.
 */
final class GlobPattern {
  private GlobPattern() {}

  /** Returns whether the whole text matches. */
  static boolean matches(byte[] pattern, byte[] text) {
    int p = 0;
    int t = 0;
    int starPattern = -1;
    int starText = 0;
    while (t < text.length) {
      if (p < pattern.length && pattern[p] == '*') {
        starPattern = ++p;
        starText = t;
        continue;
      }
      int behind = p < pattern.length ? matchOne(pattern, p, text[t]) : -1;
      if (behind >= 0) {
        p = behind;
        t++;
      } else if (starPattern >= 0) {
        p = starPattern;
        t = ++starText;
      } else {
        return false;
      }
    }
    while (p < pattern.length && pattern[p] == '*') {
      p++;
    }
    return p == pattern.length;
  }

  /** Matches the element at {@code p} with one byte; returns the next element's place, or -1. */
  private static int matchOne(byte[] pattern, int p, byte b) {
    return switch (pattern[p]) {
      case '?' -> p + 1;
      case '[' -> matchClass(pattern, p + 1, b);
      case '\\' -> {
        int literal = p + 1 < pattern.length ? p + 1 : p;
        yield pattern[literal] == b ? literal + 1 : -1;
      }
      default -> pattern[p] == b ? p + 1 : -1;
    };
  }

  private static int matchClass(byte[] pattern, int from, byte b) {
    int p = from;
    boolean negated = p < pattern.length && pattern[p] == '^';
    if (negated) {
      p++;
    }
    boolean found = false;
    int wanted = b & 0xff;
    while (p < pattern.length && pattern[p] != ']') {
      if (pattern[p] == '\\' && p + 1 < pattern.length) {
        p++;
        found |= pattern[p] == b;
      } else if (p + 2 < pattern.length && pattern[p + 1] == '-' && pattern[p + 2] != ']') {
        int low = Math.min(pattern[p] & 0xff, pattern[p + 2] & 0xff);
        int high = Math.max(pattern[p] & 0xff, pattern[p + 2] & 0xff);
        found |= wanted >= low && wanted <= high;
        p += 2;
      } else {
        found |= pattern[p] == b;
      }
      p++;
    }
    return found != negated ? Math.min(p + 1, pattern.length) : -1;
  }
}
