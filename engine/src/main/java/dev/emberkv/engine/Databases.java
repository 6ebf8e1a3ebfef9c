package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The numbered databases of string keys, each with a keyspace of its own, which is made when the
 * database is first asked for.
 *
 * <p>Thread-safe. Changes of which keyspace is which database's are serialized by this object's
 * monitor, and written to the log: of two keyspaces with one number the one that was defined later
 * has it. The other was about to be dropped when the process ended, or is the other half of a swap
 * and gets the number that the later one had before.
 */
final class Databases {
  private final Tiers tiers;
  private final long hashSeed;
  private final Keyspaces keyspaces;
  private final KeyLocks locks;
  private final AtomicBoolean expiring = new AtomicBoolean();
  private final ExpirySweeper sweeper = new ExpirySweeper(this, expiring);
  private final FieldTables fields;
  private final FieldReclaimer reclaimer;
  private final AtomicReferenceArray<@Nullable StringSpace> spaces =
      new AtomicReferenceArray<>(Store.DATABASES);

  /** The keyspaces of all databases; of a swap, both throughout. */
  private final Set<Keyspace> current = ConcurrentHashMap.newKeySet();

  /** The definitions that a start has found; emptied when all are known. */
  private final List<Found> found = new ArrayList<>();

  private record Found(Keyspace keyspace, StringsDefinition definition) {}

  /** Makes and drops keyspaces; the store does. */
  interface Keyspaces {
    /** Makes a keyspace of string keys that survives a restart. */
    Keyspace define(byte[] definition);

    /** The same, but it survives a crash only with a batch that is written later. */
    Keyspace prepare(byte[] definition);

    /** Returns a keyspace, or null when there is none of that number. */
    @Nullable Keyspace byId(int id);

    /** Makes durable what was written. */
    void flush();

    /** Changes the definition of a keyspace. */
    void redefine(Keyspace keyspace, byte[] definition);

    /** Drops a keyspace that nothing points to any more. */
    void drop(Keyspace keyspace);
  }

  Databases(Tiers tiers, long hashSeed, Keyspaces keyspaces) {
    this.tiers = tiers;
    this.hashSeed = hashSeed;
    this.keyspaces = keyspaces;
    this.locks = new KeyLocks(tiers.waits());
    this.fields = new FieldTables(tiers, hashSeed, keyspaces);
    this.reclaimer =
        new FieldReclaimer(
            tiers, hashSeed, locks, fields, current::contains, () -> keyspaces.flush());
  }

  /** Takes a keyspace that a start has found; those that were defined last come first. */
  void adopt(Keyspace keyspace, StringsDefinition definition) {
    if (definition.database() < 0) {
      fields.adopt(keyspace, definition);
      return;
    }
    found.add(new Found(keyspace, definition));
  }

  /** Gives each keyspace that was adopted its number; database 0 is there from then on. */
  synchronized void settle() {
    StringsDefinition[] winners = new StringsDefinition[Store.DATABASES];
    for (Found each : found) {
      int database = each.definition.database();
      StringsDefinition winner = winners[database];
      if (winner == null) {
        winners[database] = each.definition;
        spaces.set(database, space(database, each.keyspace));
      } else if (winner.previousDatabase() == database) {
        keyspaces.drop(each.keyspace);
      } else {
        assign(each.keyspace, winner.previousDatabase(), database);
      }
    }
    found.clear();
    var _ = get(0);
    expiring.set(size() > 0);
    fields.settle();
    sweeper.start();
    reclaimer.start();
  }

  /** Stops what goes on by itself. */
  void stop() {
    sweeper.close();
    reclaimer.close();
  }

  /** Returns a database that has been asked for before. */
  @Nullable StringSpace ifThere(int database) {
    return spaces.get(database);
  }

  private StringSpace space(int database, Keyspace keyspace) {
    current.add(keyspace);
    return new StringSpace(
        keyspace, hashSeed, tiers, locks, expiring, fields, reclaimer, () -> clear(database));
  }

  /** Makes a keyspace the one of a database, for good. */
  private void assign(Keyspace keyspace, int database, int previousDatabase) {
    keyspaces.redefine(keyspace, definition(database, previousDatabase));
    StringSpace space = spaces.get(database);
    if (space == null) {
      spaces.set(database, space(database, keyspace));
    } else {
      current.add(keyspace);
      var _ = space.swap(keyspace);
    }
  }

  private static byte[] definition(int database, int previousDatabase) {
    return StringsDefinition.ofDatabase(database, previousDatabase).encode();
  }

  StringSpace get(int database) {
    StringSpace space = spaces.get(database);
    return space == null ? create(database) : space;
  }

  private StringSpace create(int database) {
    // Also for the monitor, which is held while another database is cleared.
    tiers.waits().beforeWaiting();
    return createLocked(database);
  }

  private synchronized StringSpace createLocked(int database) {
    StringSpace space = spaces.get(database);
    if (space == null) {
      space = space(database, keyspaces.define(definition(database, database)));
      spaces.set(database, space);
    }
    return space;
  }

  /** Returns the number of keys of a database, without making it. */
  long size(int database) {
    StringSpace space = spaces.get(database);
    return space == null ? 0 : space.size();
  }

  /** Returns how many keys of a database have a time to live. */
  ExpiringKeys expiring(int database) {
    return sweeper.expiring(database, size(database));
  }

  /** Returns the number of fields that are rows. */
  long fieldCount() {
    return fields.size();
  }

  /** Returns the number of keys of all databases. */
  long size() {
    long sum = 0;
    for (int database = 0; database < Store.DATABASES; database++) {
      sum += size(database);
    }
    return sum;
  }

  private synchronized void clear(int database) {
    Keyspace fresh = keyspaces.define(definition(database, database));
    current.add(fresh);
    Keyspace previous = get(database).swap(fresh);
    current.remove(previous);
    keyspaces.drop(previous);
    reclaimer.suspectAll();
  }

  /** Deletes all keys of all databases. */
  synchronized void clear() {
    for (int database = 0; database < Store.DATABASES; database++) {
      StringSpace space = spaces.get(database);
      if (space != null && space.size() > 0) {
        clear(database);
      }
    }
  }

  /** Gives each of two databases the keys of the other. */
  synchronized void swap(int a, int b) {
    Keyspace ofA = get(a).keyspace();
    Keyspace ofB = get(b).keyspace();
    if (a != b) {
      assign(ofA, b, a);
      assign(ofB, a, b);
    }
  }
}
