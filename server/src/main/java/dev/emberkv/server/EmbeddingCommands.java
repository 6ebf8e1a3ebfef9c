package dev.emberkv.server;

import dev.emberkv.engine.FeatureAdmission;
import dev.emberkv.engine.RowStatus;
import dev.emberkv.engine.ShrinkReport;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import dev.emberkv.engine.TableStats;
import dev.emberkv.server.Command.Flag;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The commands on embedding tables.
 *
 * <p>Ids are decimal {@code u64}s where people type them, and packed little-endian where programs
 * send many. Packed ids and rows go between the engine and the network's arrays without a copy of
 * their own.
 */
final class EmbeddingCommands {
  private static final String GROUP = "embedding";

  /** Rows of commands for people are read so many bytes at a time. */
  private static final int BATCH_BYTES = 1 << 20;

  /** What an event loop may copy for one client before the next one has its turn. */
  private static final int MAX_QUICK_BYTES = 128 << 10;

  private static final ValueLayout.OfLong ID =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Store store;
  private final int maxReplyBytes;

  EmbeddingCommands(Store store, ServerOptions options) {
    this.store = store;
    this.maxReplyBytes = options.maxReplyBytes();
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    PoolCommand pooled = new PoolCommand(store, maxReplyBytes);
    return List.of(
        write("emb.create", -4, "Makes a table of embeddings.").handler(this::create).build(),
        write("emb.drop", 2, "Drops a table with all its rows.").handler(this::drop).build(),
        read("emb.tables", 1, "Returns the names of all tables.").handler(this::tables).build(),
        read("emb.info", 2, "Returns the properties of a table.").handler(this::info).build(),
        write("emb.set", -4, "Writes rows.").handler(this::set).build(),
        read("emb.get", -3, "Returns rows, nil where missing.")
            .hot(request -> isQuick(request, request.size() - 2))
            .handler(this::get)
            .build(),
        write("emb.del", -3, "Deletes rows.").handler(this::delete).build(),
        read("emb.show", -3, "Returns rows as text.").handler(this::show).build(),
        read("emb.lookup", -3, "Returns the rows of packed ids.")
            .hot(this::isQuickLookup)
            .handler(this::lookup)
            .build(),
        read("emb.lookupx", 3, "Returns the rows of packed ids and where each came from.")
            .hot(this::isQuickLookup)
            .handler(this::lookupWithStatus)
            .build(),
        write("emb.push", -4, "Moves rows along gradients, as the table's optimizer says.")
            .handler(new PushCommand(store))
            .build(),
        write("emb.shrink", -2, "Drops the rows that a table's rules want gone, or counts them.")
            .handler(this::shrink)
            .build(),
        read("emb.pool", -5, "Returns the sums or means of bags of rows.")
            .handler(pooled::one)
            .build(),
        read("emb.mpool", -5, "Returns the sums or means of bags of rows of several tables.")
            .handler(pooled::many)
            .build(),
        read("emb.prefetch", 3, "Brings the rows of packed ids into DRAM; returns a ticket.")
            .handler(this::prefetch)
            .build());
  }

  private boolean isQuickLookup(Request request) {
    return request.size() >= 3 && isQuick(request, request.length(2) / Long.BYTES);
  }

  /**
   * Returns whether reading so many rows is short work if they are in DRAM, and may be begun twice:
   * a table that counts the ids that are asked for has to be asked once.
   */
  private boolean isQuick(Request request, int rows) {
    Table table = request.size() < 2 ? null : store.table(request.text(1)).orElse(null);
    return table == null
        || ((long) rows * table.spec().dim() * Float.BYTES <= MAX_QUICK_BYTES
            && table.spec().admission() instanceof FeatureAdmission.All);
  }

  private static Command.Builder read(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary).flags(Flag.READONLY);
  }

  private static Command.Builder write(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary).flags(Flag.WRITE, Flag.DENYOOM);
  }

  private void create(Request request, Session session, RespEncoder out) {
    TableSpec spec = TableDefinition.parse(request);
    if (store.table(spec.name()).isPresent()) {
      throw new CommandException("ERR EMB.CREATE: there is a table '" + spec.name() + "' already");
    }
    store.createTable(spec);
    out.ok();
  }

  private void drop(Request request, Session session, RespEncoder out) {
    if (!store.dropTable(request.text(1))) {
      throw noSuchTable(request);
    }
    out.ok();
  }

  private void tables(Request request, Session session, RespEncoder out) {
    List<Table> tables = store.tables();
    out.array(tables.size());
    tables.forEach(table -> out.bulk(table.spec().name()));
  }

  private void info(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    TableSpec spec = table.spec();
    TableStats stats = table.stats();
    out.map(13);
    out.bulk("name");
    out.bulk(spec.name());
    out.bulk("dim");
    out.integer(spec.dim());
    out.bulk("dtype");
    out.bulk(RowText.dtype(spec.dtype()));
    out.bulk("row_bytes");
    out.integer(spec.rowBytes());
    out.bulk("stored_row_bytes");
    out.integer(spec.storedRowBytes());
    out.bulk("rows");
    out.integer(stats.rows());
    out.bulk("admission");
    out.bulk(AdmissionDefinition.text(spec.admission()));
    out.bulk("not_admitted");
    out.integer(stats.notAdmitted());
    out.bulk("counter_bytes");
    out.integer(stats.counterBytes());
    out.bulk("expiry");
    out.bulk(ExpiryDefinition.text(spec.expiry()));
    out.bulk("optimizer");
    out.bulk(OptimizerDefinition.text(spec.optimizer()));
    out.bulk("init");
    out.bulk(TableDefinition.text(spec.initializer()));
    out.bulk("seed");
    out.bulk(Long.toString(spec.seed()));
  }

  /** {@code EMB.SHRINK table [DRYRUN]}: how many rows there were, and how many each rule drops. */
  private void shrink(Request request, Session session, RespEncoder out) {
    boolean dryRun = request.size() == 3;
    if (request.size() > 3 || (dryRun && !request.is(2, "DRYRUN"))) {
      throw CommandException.syntaxError();
    }
    ShrinkReport report = table(request).shrink(dryRun);
    out.map(4);
    out.bulk("rows");
    out.integer(report.rows());
    out.bulk("expired");
    out.integer(report.expired());
    out.bulk("low_score");
    out.integer(report.lowScore());
    out.bulk("over_cap");
    out.integer(report.overCap());
  }

  private void set(Request request, Session session, RespEncoder out) {
    if (request.size() % 2 != 0) {
      throw CommandException.wrongArity("emb.set");
    }
    Table table = table(request);
    int rowBytes = table.spec().rowBytes();
    int rows = (request.size() - 2) / 2;
    MemorySegment ids = MemorySegment.ofArray(new long[rows]);
    byte[] packed = new byte[Math.multiplyExact(rows, rowBytes)];
    for (int row = 0; row < rows; row++) {
      int argument = 2 + 2 * row;
      ids.set(ID, 8L * row, request.id(argument));
      if (request.length(argument + 1) != rowBytes) {
        throw new CommandException(
            "ERR EMB.SET: the row of id %s has %d bytes, a row of table '%s' has %d"
                .formatted(
                    request.text(argument),
                    request.length(argument + 1),
                    table.spec().name(),
                    rowBytes));
      }
      System.arraycopy(
          request.data(), request.offset(argument + 1), packed, row * rowBytes, rowBytes);
    }
    table.put(ids, MemorySegment.ofArray(packed));
    out.ok();
  }

  private void get(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    int rowBytes = table.spec().rowBytes();
    out.array(request.size() - 2);
    forEachRow(
        table,
        ids(request, 2),
        (row, status, rows, offset) -> {
          if (isStored(status)) {
            out.bulk(rows, offset, rowBytes);
          } else {
            out.nil();
          }
        });
  }

  private void show(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    out.array(request.size() - 2);
    forEachRow(
        table,
        ids(request, 2),
        (row, status, rows, offset) -> {
          String text =
              isStored(status)
                  ? RowText.row(table.spec(), MemorySegment.ofArray(rows), offset)
                  : status == RowStatus.NOT_ADMITTED ? "(not admitted)" : "(missing)";
          out.bulk(request.text(2 + row) + ": " + text);
        });
  }

  private void delete(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    out.integer(table.delete(ids(request, 2)));
  }

  private void lookup(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    boolean asFloats = asFloats(request);
    TableSpec spec = table.spec();
    int rowBytes = asFloats ? spec.dim() * Float.BYTES : spec.rowBytes();
    int rows = packedIds(request, table, rowBytes);
    MemorySegment target = out.bulkSegment(rows * rowBytes);
    if (asFloats) {
      table.lookupFloats(request.segment(2), target, MemorySegment.NULL);
    } else {
      table.lookup(request.segment(2), target, MemorySegment.NULL);
    }
    out.endBulkSegment();
  }

  /** Returns whether {@code AS f32} stands behind the ids. */
  private static boolean asFloats(Request request) {
    if (request.size() == 3) {
      return false;
    }
    if (request.size() != 5 || !request.is(3, "AS")) {
      throw CommandException.syntaxError();
    }
    if (!request.is(4, "F32")) {
      throw new CommandException("ERR EMB.LOOKUP: AS must be f32, not '" + request.text(4) + "'");
    }
    return true;
  }

  private void lookupWithStatus(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    int rows = packedIds(request, table, table.spec().rowBytes());
    byte[] statuses = new byte[rows];
    out.array(2);
    MemorySegment target = out.bulkSegment(rows * table.spec().rowBytes());
    table.lookup(request.segment(2), target, MemorySegment.ofArray(statuses));
    out.endBulkSegment();
    out.bulk(statuses);
  }

  private void prefetch(Request request, Session session, RespEncoder out) {
    Table table = table(request);
    requirePackedIds(request);
    out.integer(table.prefetch(request.segment(2)));
  }

  /** Takes the rows of a request one by one. */
  @FunctionalInterface
  private interface RowVisitor {
    /** Takes a row, which is at {@code offset} of {@code rows} until the call returns. */
    void visit(int row, byte status, byte[] rows, int offset);
  }

  private static boolean isStored(byte status) {
    return status == RowStatus.HOT || status == RowStatus.COLD;
  }

  /** Reads rows in batches of bounded size and shows them to a visitor, in order. */
  private static void forEachRow(Table table, MemorySegment ids, RowVisitor visitor) {
    int count = (int) (ids.byteSize() / Long.BYTES);
    int rowBytes = table.spec().rowBytes();
    int batchRows = Math.clamp(BATCH_BYTES / rowBytes, 1, Math.max(1, count));
    byte[] rows = new byte[batchRows * rowBytes];
    byte[] statuses = new byte[batchRows];
    for (int from = 0; from < count; from += batchRows) {
      int n = Math.min(batchRows, count - from);
      table.lookup(
          ids.asSlice((long) from * Long.BYTES, (long) n * Long.BYTES),
          MemorySegment.ofArray(rows).asSlice(0, (long) n * rowBytes),
          MemorySegment.ofArray(statuses).asSlice(0, n));
      for (int i = 0; i < n; i++) {
        visitor.visit(from + i, statuses[i], rows, i * rowBytes);
      }
    }
  }

  /** Returns the number of packed ids in the argument behind the table. */
  private int packedIds(Request request, Table table, int rowBytes) {
    requirePackedIds(request);
    int rows = request.length(2) / Long.BYTES;
    requireReplyFits(table, rows, rowBytes);
    return rows;
  }

  private static void requirePackedIds(Request request) {
    int bytes = request.length(2);
    if (bytes % Long.BYTES != 0) {
      throw new CommandException(
          "ERR packed ids have 8 bytes each, and %d bytes are not a multiple of that"
              .formatted(bytes));
    }
  }

  private void requireReplyFits(Table table, int rows, int rowBytes) {
    long bytes = (long) rows * rowBytes;
    if (bytes > maxReplyBytes) {
      throw new CommandException(
          "ERR %d rows of table '%s' are %d bytes, the limit of a reply is %d"
              .formatted(rows, table.spec().name(), bytes, maxReplyBytes));
    }
  }

  private static MemorySegment ids(Request request, int from) {
    MemorySegment ids = MemorySegment.ofArray(new long[request.size() - from]);
    for (int i = from; i < request.size(); i++) {
      ids.set(ID, 8L * (i - from), request.id(i));
    }
    return ids;
  }

  private Table table(Request request) {
    return store.table(request.text(1)).orElseThrow(() -> noSuchTable(request));
  }

  private static CommandException noSuchTable(Request request) {
    return new CommandException("ERR there is no table '" + request.text(1) + "'");
  }
}
