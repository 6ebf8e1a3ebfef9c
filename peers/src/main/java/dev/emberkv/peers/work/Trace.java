package dev.emberkv.peers.work;

import dev.emberkv.bench.workload.KeyStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.StringTokenizer;

/**
 * A recorded trace of {@code user item} lines as accesses to rows: each line is the user's row and
 * then the item's.
 *
 * <p>A trace has fewer ids than a table has rows. So it is played several times at once, each time
 * with ids of its own: which of the players goes on is drawn for each line, and each keeps the
 * trace's order. Immutable.
 */
final class Trace {
  private final int[] accesses;
  private final int ids;

  private Trace(int[] accesses, int ids) {
    this.accesses = accesses;
    this.ids = ids;
  }

  /** Reads a file. */
  static Trace read(String file) {
    Map<String, Integer> numbers = new HashMap<>();
    int[] accesses = new int[1024];
    int length = 0;
    try (var reader = Files.newBufferedReader(Path.of(file))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        StringTokenizer words = new StringTokenizer(line);
        if (words.countTokens() != 2) {
          throw new IllegalArgumentException(file + ": '" + line + "' is not `user item`");
        }
        if (length + 2 > accesses.length) {
          accesses = Arrays.copyOf(accesses, 2 * length);
        }
        accesses[length++] = number(numbers, "user " + words.nextToken());
        accesses[length++] = number(numbers, "item " + words.nextToken());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Trace(Arrays.copyOf(accesses, length), numbers.size());
  }

  private static int number(Map<String, Integer> numbers, String name) {
    return numbers.computeIfAbsent(name, any -> numbers.size());
  }

  /** Returns how often the trace is played at once so that its ids fill a table. */
  int players(long rows) {
    return (int) Math.max(1, rows / ids);
  }

  /** Opens the accesses to a table of so many rows, which is at least as many as the ids. */
  KeyStream open(long rows, long seed) {
    if (rows < ids) {
      throw new IllegalArgumentException("the trace has " + ids + " ids, the table " + rows);
    }
    int players = players(rows);
    SplittableRandom random = new SplittableRandom(seed);
    int[] next = new int[players];
    for (int player = 0; player < players; player++) {
      next[player] = 2 * random.nextInt(accesses.length / 2);
    }
    return KeyStream.of(
        new java.util.function.LongSupplier() {
          private int player;

          @Override
          public long getAsLong() {
            int at = next[player];
            long id = accesses[at];
            next[player] = at + 1 == accesses.length ? 0 : at + 1;
            long key = id * players + player;
            if (at % 2 == 1) { // a line is done
              player = random.nextInt(players);
            }
            return key;
          }
        });
  }

  /** Returns the share of accesses of the most used rows when all players are counted. */
  double shareOfTop(long top, long rows) {
    int[] uses = new int[ids];
    for (int id : accesses) {
      uses[id]++;
    }
    Arrays.sort(uses);
    long eachTop = Math.min(ids, top / players(rows));
    long sum = 0;
    for (int i = ids - 1; i >= ids - eachTop; i--) {
      sum += uses[i];
    }
    return (double) sum / accesses.length;
  }
}
