package dev.emberkv.engine;

import dev.emberkv.index.CatalogLibrary;
import dev.emberkv.uring.SystemProbe;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * An open store: tables of embeddings and a string keyspace, in one directory and under one memory
 * budget.
 *
 * <p>Thread-safe but for {@link #close}, which the owner calls when no other call is under way.
 * Several stores can be open in one process, each in a directory of its own.
 */
public interface Store extends AutoCloseable {
  /** The number of databases of string keys. */
  int DATABASES = 16;

  /**
   * Opens the store in a directory, and makes it if there is none.
   *
   * @throws IllegalStateException when another process or store has the directory open, or its
   *     format is of another version
   * @throws dev.emberkv.uring.IoFailure when the device fails
   */
  static Store open(StoreOptions options) {
    return EmberStore.open(options);
  }

  /**
   * Loads the native libraries that {@link #open} needs. A program that has other things to do
   * while it starts may call this on a thread of its own; without it, opening does the same. Logs
   * nothing, so it can be called before logging is set up.
   */
  static void preload() {
    var _ = CatalogLibrary.load();
    var _ = SystemProbe.ioUring();
  }

  /** Returns the options that the store was opened with. */
  StoreOptions options();

  /**
   * Makes a table.
   *
   * @throws IllegalArgumentException when there is a table of that name
   */
  Table createTable(TableSpec spec);

  /** Returns the table of that name. */
  Optional<Table> table(String name);

  /** Returns all tables in the order of their names. */
  List<Table> tables();

  /** Drops a table with all its rows and returns whether it was there. */
  boolean dropTable(String name);

  /** Returns the string keys of database 0. */
  default StringKeyspace strings() {
    return strings(0);
  }

  /**
   * Returns the string keys of a database. Its number stays with what this returns, also when its
   * keys are swapped with another's.
   *
   * @param database 0 to {@link #DATABASES} - 1
   */
  StringKeyspace strings(int database);

  /** Returns the number of string keys of a database. */
  long stringCount(int database);

  /** Returns about how many of these have a time to live; late by a way round of the sweep. */
  ExpiringKeys expiringStrings(int database);

  /** Gives each of two databases the string keys of the other. */
  void swapStrings(int a, int b);

  /**
   * Makes the calling thread one that must not wait, as the event loop of a server: its calls on
   * string keys throw {@link WouldWaitException} rather than wait for the device, for memory or for
   * another thread's call. Calls on tables and on the store itself are not for such a thread.
   */
  void refuseToWait();

  /** Drops all string keys and all rows of all tables; the tables stay. */
  void clear();

  /**
   * Makes everything written so far durable, without stopping reads or writes. With {@link
   * Durability#CHECKPOINT}, this is where a crash goes back to.
   *
   * @throws dev.emberkv.uring.IoFailure when a write or sync fails, or did before; from then on the
   *     store is read-only, and the message names file and errno
   */
  void flush();

  /** Takes a checkpoint: {@link #flush}, and a note of when. */
  void checkpoint();

  /** Returns when the last checkpoint was finished, or else when the store was opened. */
  Instant lastCheckpoint();

  /**
   * Takes a part of the memory budget out of the store's use: rows leave DRAM until the rest fits
   * beside it. What the part is used for, pinned buffers for example, is the caller's business.
   *
   * @param bytes at least 1; all reservations together may take half of the budget, less what the
   *     store's own buffers take
   * @throws IllegalStateException when the budget has no such part left, or rows could not leave
   *     DRAM for 30 s
   * @throws dev.emberkv.uring.IoFailure when the device fails while rows are written back
   */
  MemoryReservation reserveMemory(long bytes);

  /** Returns a reading of the counters. */
  StoreStats stats();

  /** Writes what is only in DRAM, closes the files and frees the memory. */
  @Override
  void close();
}
