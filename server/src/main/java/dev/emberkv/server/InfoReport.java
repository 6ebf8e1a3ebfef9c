package dev.emberkv.server;

import dev.emberkv.engine.ExpiringKeys;
import dev.emberkv.engine.ReadLatency;
import dev.emberkv.engine.SpaceStats;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The text of {@code INFO}: sections of {@code name:value} lines, under Redis' names where Redis
 * has the same thing, and a section {@code emberkv} with the engine's own counters.
 */
final class InfoReport {
  private static final Set<String> EVERYTHING = Set.of("all", "everything");
  private static final Set<String> NOT_BY_DEFAULT = Set.of("commandstats");

  private final ServerContext context;
  private final ServerCounters counters;
  private final StoreStats stats;
  private final Map<String, Runnable> sections = new LinkedHashMap<>();
  private final Map<String, String> done = new LinkedHashMap<>();
  private StringBuilder text = new StringBuilder();

  InfoReport(ServerContext context) {
    this.context = context;
    this.counters = context.counters();
    this.stats = context.store().stats();
    sections.put("server", this::server);
    sections.put("clients", this::clients);
    sections.put("memory", this::memory);
    sections.put("persistence", this::persistence);
    sections.put("stats", this::stats);
    sections.put("replication", this::replication);
    sections.put("cpu", this::cpu);
    sections.put("modules", () -> {});
    sections.put("commandstats", this::commandStats);
    sections.put("errorstats", this::errorStats);
    sections.put("cluster", () -> line("cluster_enabled", 0));
    sections.put("keyspace", this::keyspace);
    sections.put("emberkv", this::emberkv);
  }

  /** Adds a section, all of them for {@code "all"}, and nothing for a name that is unknown. */
  void section(String name) {
    sections.forEach((known, writer) -> {
      boolean wanted =
          EVERYTHING.contains(name)
              || known.equals(name)
              || (name.equals("default") && !NOT_BY_DEFAULT.contains(known));
      if (wanted && !done.containsKey(known)) {
        text = new StringBuilder();
        text.append("# ").append(known.substring(0, 1).toUpperCase(Locale.ROOT));
        text.append(known.substring(1)).append("\r\n");
        writer.run();
        done.put(known, text.toString());
      }
    });
  }

  /** Returns the sections added so far, with an empty line between them. */
  String text() {
    return String.join("\r\n", done.values());
  }

  private void line(String name, Object value) {
    text.append(name).append(':').append(value).append("\r\n");
  }

  private void server() {
    line("redis_version", ServerContext.REDIS_VERSION);
    line("redis_mode", "standalone");
    line("emberkv_version", ServerContext.version());
    line("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    line("arch_bits", 64);
    line("jvm", System.getProperty("java.vm.name") + " " + Runtime.version());
    line("process_id", ProcessHandle.current().pid());
    line("tcp_port", context.port());
    line("uptime_in_seconds", context.uptimeSeconds());
    line("uptime_in_days", context.uptimeSeconds() / 86_400);
    line("io_threads", context.options().eventLoopThreads());
    line("worker_threads", context.options().workerThreads());
  }

  private void clients() {
    line("connected_clients", counters.clients.get());
    line("maxclients", context.tuning().maxClients());
    line("blocked_clients", 0);
  }

  private void memory() {
    Runtime runtime = Runtime.getRuntime();
    line("used_memory", stats.memoryBytes());
    line("used_memory_human", mebibytes(stats.memoryBytes()));
    line("maxmemory", stats.memoryLimitBytes());
    line("maxmemory_human", mebibytes(stats.memoryLimitBytes()));
    line("maxmemory_policy", "noeviction");
    line("request_memory", context.requestMemory().usedBytes());
    line("request_memory_limit", context.requestMemory().limitBytes());
    line("jvm_heap_used", runtime.totalMemory() - runtime.freeMemory());
    line("jvm_heap_max", runtime.maxMemory());
  }

  private void persistence() {
    line("loading", 0);
    line("aof_enabled", 1);
    line("rdb_bgsave_in_progress", context.checkpoints().isUnderWay() ? 1 : 0);
    line("rdb_last_save_time", context.store().lastCheckpoint().getEpochSecond());
    line("rdb_last_bgsave_status", context.checkpoints().lastFailed() ? "err" : "ok");
    line("durability", context.store().options().durability().name().toLowerCase(Locale.ROOT));
    line("disk_used", stats.diskBytes());
  }

  private void stats() {
    line("total_connections_received", counters.connections.sum());
    line("rejected_connections", counters.refusedConnections.sum());
    line("total_commands_processed", counters.commands.sum());
    line("total_error_replies", counters.errors.sum());
    line("total_net_input_bytes", counters.bytesIn.sum());
    line("total_net_output_bytes", counters.bytesOut.sum());
    line("keyspace_hits", counters.keyHits.sum());
    line("keyspace_misses", counters.keyMisses.sum());
    line("worker_batches", counters.workerBatches.sum());
  }

  private void replication() {
    line("role", "master");
    line("connected_slaves", 0);
    line("master_repl_offset", 0);
  }

  private void keyspace() {
    for (int database = 0; database < Store.DATABASES; database++) {
      long keys = context.store().stringCount(database);
      if (keys > 0) {
        ExpiringKeys expiring = context.store().expiringStrings(database);
        line(
            "db" + database,
            "keys=%d,expires=%d,avg_ttl=%d"
                .formatted(keys, Math.min(keys, expiring.keys()), expiring.averageMillis()));
      }
    }
  }

  private void cpu() {
    Duration used = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    line("used_cpu_sys", "0.000000");
    line("used_cpu_user", "%.6f".formatted(used.toNanos() / 1e9));
  }

  private void commandStats() {
    for (Command command : context.commands().all()) {
      commandStats(command);
      command.subcommands().values().forEach(this::commandStats);
    }
  }

  private void commandStats(Command command) {
    CommandStats statistics = command.stats();
    long calls = statistics.calls.sum();
    if (calls > 0 || statistics.rejected.sum() > 0) {
      long micros = statistics.nanos.sum() / 1000;
      line(
          "cmdstat_" + command.name(),
          String.format(
              Locale.ROOT,
              "calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
              calls,
              micros,
              calls == 0 ? 0.0 : (double) micros / calls,
              statistics.rejected.sum(),
              statistics.failed.sum()));
    }
  }

  private void errorStats() {
    counters.errorsByCode().forEach((code, count) -> line("errorstat_" + code, "count=" + count));
  }

  private void emberkv() {
    line("io_backend", stats.ioBackend());
    line("tables", context.store().tables().size());
    line("rows", stats.rows());
    line("hot_rows", stats.hotRows());
    line("cold_rows", stats.coldRows());
    line("hot_bytes", stats.hotBytes());
    line("hits", stats.hits());
    line("cold_hits", stats.coldHits());
    line("misses", stats.misses());
    line("hit_ratio", "%.6f".formatted(stats.hitRatio()));
    line("device_reads", stats.deviceReads());
    line("device_read_bytes", stats.deviceReadBytes());
    line("device_write_bytes", stats.deviceWriteBytes());
    line("device_submits", stats.deviceSubmits());
    line("device_queue_depth", stats.deviceQueueDepth());
    line("rows_per_device_read", "%.3f".formatted(stats.rowsPerDeviceRead()));
    line("admissions", stats.admissions());
    line("rejections", stats.rejections());
    line("evictions_clean", stats.evictionsClean());
    line("evictions_dirty", stats.evictionsDirty());
    line("prefetches_used", stats.prefetchesUsed());
    line("prefetches_late", stats.prefetchesLate());
    line("prefetches_wasted", stats.prefetchesWasted());
    line("prefetches_refused", stats.prefetchesRefused());
    line("false_positives", stats.falsePositives());
    latency("hot", stats.hotLatency());
    latency("cold", stats.coldLatency());
    line("index_bytes", stats.indexBytes());
    line("slab_bytes", stats.slabBytes());
    line("memory_bytes", stats.memoryBytes());
    line("memory_limit_bytes", stats.memoryLimitBytes());
    line("disk_bytes", stats.diskBytes());
    SpaceStats space = stats.space();
    line("disk_volume_bytes", space.volumeBytes());
    line("disk_limit_bytes", space.limitBytes());
    line("segments_by_fill", segmentsByFill(space));
    line("write_amplification", "%.3f".formatted(space.writeAmplification()));
    line("compaction_debt_bytes", space.debtBytes());
    line("compaction_moved_bytes", space.movedBytes());
    line("compaction_segments_cleaned", space.segmentsCleaned());
  }

  private void latency(String tier, ReadLatency latency) {
    line(tier + "_read_samples", latency.samples());
    line(tier + "_read_p50_usec", micros(latency.p50Nanos()));
    line(tier + "_read_p99_usec", micros(latency.p99Nanos()));
    line(tier + "_read_p999_usec", micros(latency.p999Nanos()));
    line(tier + "_read_max_usec", micros(latency.maxNanos()));
  }

  private static String micros(long nanos) {
    return String.format(Locale.ROOT, "%.3f", nanos / 1000.0);
  }

  /** Lists how many segments hold less than a tenth live rows, up to two tenths, and so on. */
  private static String segmentsByFill(SpaceStats space) {
    return space.segmentsByFill().stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.2fM", bytes / (double) (1 << 20));
  }
}
