package dev.emberkv.server;

import dev.emberkv.engine.WrongTypeException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** LCS: the longest common subsequence of two strings, by dynamic programming. */
final class CommonSubsequence {
  /** The table has a cell per pair of bytes; this bounds it to 256 MiB. */
  private static final long MAX_CELLS = 64L << 20;

  private final Data data;

  CommonSubsequence(Data data) {
    this.data = data;
  }

  /** A stretch that both strings have. */
  private record Match(int aFrom, int aTo, int bFrom, int bTo) {
    int length() {
      return aTo - aFrom + 1;
    }
  }

  /** Answers LCS. */
  void lcs(Request request, Session session, RespEncoder out) {
    boolean onlyLength = false;
    boolean index = false;
    boolean withLengths = false;
    long minimum = 0;
    for (int i = 3; i < request.size(); i++) {
      if (request.is(i, "LEN")) {
        onlyLength = true;
      } else if (request.is(i, "IDX")) {
        index = true;
      } else if (request.is(i, "WITHMATCHLEN")) {
        withLengths = true;
      } else if (request.is(i, "MINMATCHLEN") && i + 1 < request.size()) {
        minimum = Math.max(0, request.integer(++i));
      } else {
        throw CommandException.syntaxError();
      }
    }
    if (onlyLength && index) {
      throw new CommandException(
          "ERR If you want both the length and indexes, please just use IDX.");
    }
    byte[] a = value(request, session, 1);
    byte[] b = value(request, session, 2);
    int[][] table = table(a, b);
    int length = table[a.length][b.length];
    if (onlyLength) {
      out.integer(length);
      return;
    }
    byte[] common = new byte[length];
    List<Match> matches = walk(a, b, table, common);
    if (index) {
      write(matches, minimum, withLengths, length, out);
    } else {
      out.bulk(common);
    }
  }

  private byte[] value(Request request, Session session, int argument) {
    try {
      byte @Nullable [] found = data.of(session).get(request.bytes(argument));
      return found == null ? new byte[0] : found;
    } catch (WrongTypeException e) {
      throw new CommandException("ERR The specified keys must contain string values");
    }
  }

  private static int[][] table(byte[] a, byte[] b) {
    if ((a.length + 1L) * (b.length + 1L) > MAX_CELLS) {
      throw new CommandException("ERR Insufficient memory, transient memory for LCS exceeds limit");
    }
    int[][] table = new int[a.length + 1][b.length + 1];
    for (int i = 1; i <= a.length; i++) {
      for (int j = 1; j <= b.length; j++) {
        table[i][j] =
            a[i - 1] == b[j - 1]
                ? table[i - 1][j - 1] + 1
                : Math.max(table[i - 1][j], table[i][j - 1]);
      }
    }
    return table;
  }

  /** Goes back from the end, as Redis does: matches come last first. */
  private static List<Match> walk(byte[] a, byte[] b, int[][] table, byte[] common) {
    List<Match> matches = new ArrayList<>();
    int at = common.length;
    int i = a.length;
    int j = b.length;
    Match run = null;
    while (i > 0 && j > 0) {
      if (a[i - 1] == b[j - 1]) {
        common[--at] = a[i - 1];
        if (run != null && run.aFrom == i && run.bFrom == j) {
          run = new Match(i - 1, run.aTo, j - 1, run.bTo);
        } else {
          if (run != null) {
            matches.add(run);
          }
          run = new Match(i - 1, i - 1, j - 1, j - 1);
        }
        i--;
        j--;
      } else if (table[i - 1][j] > table[i][j - 1]) {
        i--;
      } else {
        j--;
      }
    }
    if (run != null) {
      matches.add(run);
    }
    return matches;
  }

  private static void write(
      List<Match> all, long minimum, boolean withLengths, int length, RespEncoder out) {
    List<Match> matches = all.stream().filter(match -> match.length() >= minimum).toList();
    out.map(2);
    out.bulk("matches");
    out.array(matches.size());
    for (Match match : matches) {
      out.array(withLengths ? 3 : 2);
      out.array(2);
      out.integer(match.aFrom);
      out.integer(match.aTo);
      out.array(2);
      out.integer(match.bFrom);
      out.integer(match.bTo);
      if (withLengths) {
        out.integer(match.length());
      }
    }
    out.bulk("len");
    out.integer(length);
  }
}
