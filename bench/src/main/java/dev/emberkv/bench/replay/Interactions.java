package dev.emberkv.bench.replay;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringTokenizer;

/**
 * A trace of `user item` lines, split into what is trained on and what is held out: the last item
 * of each user that has at least two.
 *
 * <p>Users and items are numbered from 0 in the order in which the trace names them first; {@link
 * #userId} and {@link #itemId} give their ids. Immutable.
 */
public final class Interactions {
  /** Stands for "none" where an item is expected. */
  public static final int NONE = -1;

  private final long[] userIds;
  private final long[] itemIds;
  private final int[] trainUsers;
  private final int[] trainItems;
  private final int[] heldOut;
  private final int[] positiveStarts;
  private final int[] positives;

  private Interactions(long[] userIds, long[] itemIds, int[] users, int[] items) {
    this.userIds = userIds;
    this.itemIds = itemIds;
    int[] lastLine = new int[userIds.length];
    int[] lines = new int[userIds.length];
    for (int line = 0; line < users.length; line++) {
      lastLine[users[line]] = line;
      lines[users[line]]++;
    }
    heldOut = new int[userIds.length];
    positiveStarts = new int[userIds.length + 1];
    for (int user = 0; user < userIds.length; user++) {
      boolean holds = lines[user] >= 2;
      heldOut[user] = holds ? items[lastLine[user]] : NONE;
      positiveStarts[user + 1] = positiveStarts[user] + lines[user] - (holds ? 1 : 0);
    }
    trainUsers = new int[positiveStarts[userIds.length]];
    trainItems = new int[trainUsers.length];
    positives = new int[trainUsers.length];
    int[] filled = positiveStarts.clone();
    int trained = 0;
    for (int line = 0; line < users.length; line++) {
      int user = users[line];
      if (heldOut[user] == NONE || line != lastLine[user]) {
        trainUsers[trained] = user;
        trainItems[trained] = items[line];
        trained++;
        positives[filled[user]++] = items[line];
      }
    }
    for (int user = 0; user < userIds.length; user++) {
      Arrays.sort(positives, positiveStarts[user], positiveStarts[user + 1]);
    }
  }

  /**
   * Reads a file.
   *
   * @throws IOException when it can't be read
   * @throws IllegalArgumentException when a line is not two ids, or no line is there
   */
  public static Interactions read(Path file) throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      return parse(reader, file.toString());
    }
  }

  /** Takes lines that are at hand; see {@link #read}. */
  public static Interactions of(List<String> lines) {
    try (BufferedReader reader = new BufferedReader(new StringReader(String.join("\n", lines)))) {
      return parse(reader, "the lines");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Interactions parse(BufferedReader reader, String name) throws IOException {
    Numbering users = new Numbering();
    Numbering items = new Numbering();
    String line;
    for (long number = 1; (line = reader.readLine()) != null; number++) {
      StringTokenizer words = new StringTokenizer(line);
      if (!words.hasMoreTokens()) {
        continue;
      }
      try {
        users.add(Long.parseUnsignedLong(words.nextToken()));
        items.add(Long.parseUnsignedLong(words.hasMoreTokens() ? words.nextToken() : ""));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "%s line %d: '%s' is not `user item`".formatted(name, number, line), e);
      }
    }
    if (users.ids().length == 0) {
      throw new IllegalArgumentException(name + " holds no interactions");
    }
    return new Interactions(users.ids(), items.ids(), users.sequence(), items.sequence());
  }

  /** Returns the number of users. */
  public int users() {
    return userIds.length;
  }

  /** Returns the number of items. */
  public int items() {
    return itemIds.length;
  }

  /** Returns the id that the trace gives to a user. */
  public long userId(int user) {
    return userIds[user];
  }

  /** Returns the id that the trace gives to an item. */
  public long itemId(int item) {
    return itemIds[item];
  }

  /** Returns the number of interactions to train on. */
  public int trainCount() {
    return trainUsers.length;
  }

  /** Returns the user of an interaction to train on. */
  public int trainUser(int index) {
    return trainUsers[index];
  }

  /** Returns the item of an interaction to train on. */
  public int trainItem(int index) {
    return trainItems[index];
  }

  /** Returns the item of the user that is held out, or {@link #NONE}. */
  public int heldOut(int user) {
    return heldOut[user];
  }

  /** Returns whether training knows that the user had this item. */
  public boolean isPositive(int user, int item) {
    return Arrays.binarySearch(positives, positiveStarts[user], positiveStarts[user + 1], item)
        >= 0;
  }

  /** Gives numbers to ids, and keeps the sequence in which they came. */
  private static final class Numbering {
    private final Map<Long, Integer> numbers = new HashMap<>();
    private long[] ids = new long[1024];
    private int[] sequence = new int[1024];
    private int length;

    void add(long id) {
      int number = numbers.computeIfAbsent(id, any -> numbers.size());
      if (number == ids.length) {
        ids = Arrays.copyOf(ids, 2 * number);
      }
      ids[number] = id;
      if (length == sequence.length) {
        sequence = Arrays.copyOf(sequence, 2 * length);
      }
      sequence[length++] = number;
    }

    long[] ids() {
      return Arrays.copyOf(ids, numbers.size());
    }

    int[] sequence() {
      return Arrays.copyOf(sequence, length);
    }
  }
}
