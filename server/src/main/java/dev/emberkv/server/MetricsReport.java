package dev.emberkv.server;

import dev.emberkv.engine.ReadLatency;
import dev.emberkv.engine.SpaceStats;
import dev.emberkv.engine.StoreStats;
import java.util.Locale;

/**
 * What a server and its store count, in the text format of Prometheus, version 0.0.4. Names end in
 * their unit, and in {@code _total} where the number only grows.
 *
 * <p>Not thread-safe; made for one answer.
 */
final class MetricsReport {
  private static final double NANOS = 1e9;

  private final ServerContext context;
  private final StringBuilder text = new StringBuilder(8 << 10);

  MetricsReport(ServerContext context) {
    this.context = context;
  }

  String text() {
    StoreStats stats = context.store().stats();
    server();
    commands();
    rows(stats);
    device(stats);
    memory(stats);
    space(stats.space());
    return text.toString();
  }

  private void server() {
    ServerCounters counters = context.counters();
    gauge("emberkv_uptime_seconds", "Time since the start.").value(context.uptimeSeconds());
    gauge("emberkv_clients", "Open connections.").value(counters.clients.get());
    counter("emberkv_connections_total", "Connections accepted.").value(counters.connections.sum());
    counter("emberkv_connections_refused_total", "Connections turned away.")
        .value(counters.refusedConnections.sum());
    counter("emberkv_receive_bytes_total", "Bytes that came from clients.")
        .value(counters.bytesIn.sum());
    counter("emberkv_transmit_bytes_total", "Bytes of replies.").value(counters.bytesOut.sum());
    counter("emberkv_worker_batches_total", "Batches of commands that had to wait for the device.")
        .value(counters.workerBatches.sum());
    Family errors = counter("emberkv_error_replies_total", "Error replies by their code.");
    counters.errorsByCode().forEach((code, count) -> errors.value("code", code, count.sum()));
  }

  private void commands() {
    Family calls = counter("emberkv_commands_total", "Commands answered.");
    forEachCommand((command, stats) -> calls.value("command", command, stats.calls.sum()));
    Family seconds = counter("emberkv_command_seconds_total", "Time spent in commands.");
    forEachCommand((command, stats) -> seconds.seconds("command", command, stats.nanos.sum()));
  }

  private interface CommandVisitor {
    void command(String name, CommandStats stats);
  }

  private void forEachCommand(CommandVisitor visitor) {
    for (Command command : context.commands().all()) {
      visit(command, visitor);
      command.subcommands().values().forEach(subcommand -> visit(subcommand, visitor));
    }
  }

  private static void visit(Command command, CommandVisitor visitor) {
    if (command.stats().calls.sum() > 0) {
      visitor.command(command.name(), command.stats());
    }
  }

  private void rows(StoreStats stats) {
    gauge("emberkv_rows", "Live rows and string keys by where they are.")
        .value("tier", "dram", stats.hotRows())
        .value("tier", "device", stats.coldRows());
    counter("emberkv_lookups_total", "Keys answered by where they were found.")
        .value("result", "dram", stats.hits())
        .value("result", "device", stats.coldHits())
        .value("result", "missing", stats.misses());
    counter("emberkv_admissions_total", "Rows brought into DRAM when they were read.")
        .value(stats.admissions());
    counter("emberkv_evictions_total", "Rows that left DRAM by whether they had to be written.")
        .value("row", "clean", stats.evictionsClean())
        .value("row", "dirty", stats.evictionsDirty());
    Family latency =
        gauge("emberkv_read_seconds", "Duration of sampled reading calls since the start.");
    latency(latency, "dram", stats.hotLatency());
    latency(latency, "device", stats.coldLatency());
  }

  private static void latency(Family family, String tier, ReadLatency latency) {
    if (latency.samples() > 0) {
      family
          .quantile(tier, "0.5", latency.p50Nanos())
          .quantile(tier, "0.99", latency.p99Nanos())
          .quantile(tier, "0.999", latency.p999Nanos())
          .quantile(tier, "1", latency.maxNanos());
    }
  }

  private void device(StoreStats stats) {
    counter("emberkv_device_reads_total", "Read requests.").value(stats.deviceReads());
    counter("emberkv_device_read_bytes_total", "Bytes read.").value(stats.deviceReadBytes());
    counter("emberkv_device_write_bytes_total", "Bytes written.").value(stats.deviceWriteBytes());
    counter("emberkv_device_submits_total", "System calls that handed requests over.")
        .value(stats.deviceSubmits());
    gauge("emberkv_device_queue_depth", "Reads of rows in flight.").value(stats.deviceQueueDepth());
  }

  private void memory(StoreStats stats) {
    gauge("emberkv_memory_bytes", "DRAM under the budget by what it is for.")
        .value("use", "index", stats.indexBytes())
        .value("use", "slabs", stats.slabBytes())
        .value("use", "all", stats.memoryBytes());
    gauge("emberkv_memory_limit_bytes", "The budget.").value(stats.memoryLimitBytes());
    gauge("emberkv_request_memory_bytes", "Requests that have arrived in part.")
        .value(context.requestMemory().usedBytes());
    Runtime runtime = Runtime.getRuntime();
    gauge("emberkv_heap_bytes", "Java heap in use.")
        .value(runtime.totalMemory() - runtime.freeMemory());
  }

  private void space(SpaceStats space) {
    gauge("emberkv_disk_volume_bytes", "Size of the log's file.").value(space.volumeBytes());
    gauge("emberkv_disk_limit_bytes", "What it may grow to.").value(space.limitBytes());
    gauge("emberkv_cleaning_debt_bytes", "What cleaning could give back.").value(space.debtBytes());
    counter("emberkv_cleaning_moved_bytes_total", "Bytes of rows that cleaning moved.")
        .value(space.movedBytes());
    counter("emberkv_segments_cleaned_total", "Segments that were emptied and freed.")
        .value(space.segmentsCleaned());
  }

  private Family counter(String name, String help) {
    return new Family(name, "counter", help);
  }

  private Family gauge(String name, String help) {
    return new Family(name, "gauge", help);
  }

  /** The samples of one name. */
  private final class Family {
    private final String name;
    private final String header;
    private boolean hasSamples;

    Family(String name, String type, String help) {
      this.name = name;
      this.header = "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
    }

    Family value(long value) {
      return sample("", Long.toString(value));
    }

    Family value(String label, String labelValue, long value) {
      return sample(labels(label, labelValue), Long.toString(value));
    }

    Family seconds(String label, String labelValue, long nanos) {
      return sample(labels(label, labelValue), inSeconds(nanos));
    }

    Family quantile(String tier, String quantile, long nanos) {
      return sample("{tier=\"%s\",quantile=\"%s\"}".formatted(tier, quantile), inSeconds(nanos));
    }

    private Family sample(String labels, String value) {
      if (!hasSamples) {
        text.append(header);
        hasSamples = true;
      }
      text.append(name).append(labels).append(' ').append(value).append('\n');
      return this;
    }
  }

  private static String labels(String label, String value) {
    String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return "{" + label + "=\"" + escaped + "\"}";
  }

  private static String inSeconds(long nanos) {
    return String.format(Locale.ROOT, "%.9f", nanos / NANOS);
  }
}
