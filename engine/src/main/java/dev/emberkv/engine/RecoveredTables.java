package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What a log says about the set of tables and about tokens of pushes, from its control records in
 * their order.
 *
 * <p>Not thread-safe.
 */
final class RecoveredTables {
  private final CommitHistory commits;
  private final Map<Integer, Found> found = new HashMap<>();
  private List<Control> waiting = new ArrayList<>();

  /** Where definitions and tokens are, those that nothing needs any more among them. */
  private final LongStream.Builder data = LongStream.builder();

  private final LongConsumer neverCounts;

  /**
   * Starts with an empty log.
   *
   * @param commits told of all commits and starts
   * @param neverCounts told of the drops that a start keeps from ever counting
   */
  RecoveredTables(CommitHistory commits, LongConsumer neverCounts) {
    this.commits = commits;
    this.neverCounts = neverCounts;
  }

  /** A record that is no row, no string key and no tombstone of one. */
  sealed interface Control {}

  /** The definition of a keyspace. */
  record Defined(Definition definition, boolean committed) implements Control {}

  /** The end of a keyspace's rows up to a sequence. */
  record Dropped(int table, long sequence, long location, boolean committed) implements Control {}

  /** The token of a push to a table. */
  record Token(int table, long sequence, long location, String token, boolean committed)
      implements Control {}

  /** A commit of what is up to a cut, or among some others. */
  @SuppressWarnings("ArrayRecordComponent") // commits are never compared
  record Commit(long location, long cut, long[] singles) implements Control {}

  /** A start after a crash. */
  record Start(long location) implements Control {}

  /**
   * A keyspace that exists.
   *
   * @param definedAt the sequence number of its definition
   * @param location where the log has it
   * @param table the table whose rows it has; null for string keys
   * @param strings which database's keys it has; null for a table
   */
  record Definition(
      int id,
      long definedAt,
      long location,
      @Nullable TableSpec table,
      @Nullable StringsDefinition strings) {}

  /** What is known of one keyspace. */
  private static final class Found {
    final List<Token> tokens = new ArrayList<>();
    @Nullable Definition definition;
    long droppedAt;

    void add(Token token) {
      tokens.add(token);
      if (tokens.size() == 4 * PushTokens.REMEMBERED) {
        forgetTokens();
      }
    }

    /** Puts the tokens into order and keeps the newest. */
    void forgetTokens() {
      tokens.sort(Comparator.comparingLong(Token::sequence));
      tokens.subList(0, Math.max(0, tokens.size() - PushTokens.REMEMBERED)).clear();
    }
  }

  /** Takes the next record. */
  void apply(Control control) {
    switch (control) {
      case Commit commit -> commit(commit);
      case Start start -> {
        dropWaiting();
        commits.start(start.location);
      }
      case Defined defined -> {
        data.add(defined.definition.location);
        settleOrWait(control, defined.committed);
      }
      case Token token -> {
        data.add(token.location);
        settleOrWait(control, token.committed);
      }
      case Dropped dropped -> settleOrWait(control, dropped.committed);
    }
  }

  private void settleOrWait(Control control, boolean committed) {
    if (committed) {
      settle(control);
    } else {
      waiting.add(control);
    }
  }

  /** Takes a record that counts. */
  private void settle(Control control) {
    switch (control) {
      case Defined defined -> {
        Found keyspace = keyspace(defined.definition.id);
        Definition last = keyspace.definition;
        if (last == null || defined.definition.definedAt > last.definedAt) {
          keyspace.definition = defined.definition;
        }
      }
      case Dropped dropped -> {
        Found keyspace = keyspace(dropped.table);
        keyspace.droppedAt = Math.max(keyspace.droppedAt, dropped.sequence);
      }
      case Token token -> keyspace(token.table).add(token);
      case Commit _, Start _ -> throw new IllegalArgumentException("counts by itself");
    }
  }

  private Found keyspace(int table) {
    return found.computeIfAbsent(table, id -> new Found());
  }

  private void commit(Commit commit) {
    commits.commit(commit.location, commit.cut, commit.singles);
    if (waiting.isEmpty()) {
      return;
    }
    long[] singles = commit.singles.clone();
    Arrays.sort(singles);
    List<Control> still = new ArrayList<>();
    for (Control control : waiting) {
      long sequence = sequence(control);
      if (sequence <= commit.cut || Arrays.binarySearch(singles, sequence) >= 0) {
        settle(control);
      } else {
        still.add(control);
      }
    }
    waiting = still;
  }

  private static long sequence(Control control) {
    return switch (control) {
      case Defined defined -> defined.definition.definedAt;
      case Dropped dropped -> dropped.sequence;
      case Token token -> token.sequence;
      case Commit _, Start _ -> throw new IllegalArgumentException("counts by itself");
    };
  }

  private void dropWaiting() {
    for (Control control : waiting) {
      if (control instanceof Dropped dropped) {
        neverCounts.accept(dropped.location);
      }
    }
    waiting.clear();
  }

  /** Ends the log; returns how many records wait for a commit that will not come. */
  long finish() {
    long count = waiting.size();
    dropWaiting();
    commits.finish();
    return count;
  }

  /** Returns the keyspaces that exist, the one that was defined last first. */
  List<Definition> definitions() {
    List<Definition> result = new ArrayList<>();
    for (Found keyspace : found.values()) {
      Definition definition = keyspace.definition;
      if (definition != null && definition.definedAt > keyspace.droppedAt) {
        result.add(definition);
      }
    }
    result.sort(Comparator.comparingLong(Definition::definedAt).reversed());
    return result;
  }

  /** Returns whether there ever was a keyspace of an id. */
  boolean isKnown(int id) {
    return found.containsKey(id);
  }

  /** Returns the sequence up to which the rows of a keyspace are dropped, or 0. */
  long droppedAt(int id) {
    Found keyspace = found.get(id);
    return keyspace == null ? 0 : keyspace.droppedAt;
  }

  /** Gives a keyspace the tokens of its newest pushes. */
  void fill(Definition definition, PushTokens tokens) {
    Found keyspace = found.get(definition.id);
    if (keyspace != null) {
      keyspace.forgetTokens();
      for (Token token : keyspace.tokens) {
        if (token.sequence > definition.definedAt) {
          tokens.recover(token.token, token.location);
        }
      }
    }
  }

  /**
   * Tells where definitions and tokens are that nothing needs any more.
   *
   * @param needed where the others are
   */
  void forEachUnneeded(LongStream needed, LongConsumer visitor) {
    Set<Long> kept = new HashSet<>();
    needed.forEach(kept::add);
    data.build().filter(location -> !kept.contains(location)).forEach(visitor);
  }
}
