package dev.emberkv.peers.store;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** This store's server over a loopback connection: the packed commands of tables. */
final class EmberServerRows extends WireRows implements GradientStore {
  private static final int PUT_ROWS = 1024;

  EmberServerRows(StorePlace place) {
    boolean isNew = !Files.exists(place.file("data"));
    super(
        place,
        port ->
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseParallelGC",
                "-Xmn64m",
                "-Xmx1g",
                "-XX:MaxDirectMemorySize=1g",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.emberkv.bench.Main",
                "serve",
                "--port",
                Integer.toString(port),
                "--data",
                place.file("data").toString(),
                "--memory",
                Long.toString(place.memoryBytes()),
                "--durability",
                "everysec"));
    if (isNew) {
      int floats = place.rowBytes() / Float.BYTES;
      create("rows", List.of("DIM", Integer.toString(floats)));
      create("learning", List.of("DIM", Integer.toString(floats / 2), "OPTIMIZER", "adagrad"));
    }
  }

  private void create(String table, List<String> options) {
    command(2 + options.size(), "EMB.CREATE");
    argument(table);
    options.forEach(this::argument);
    wire.flush();
    requireOk();
  }

  private void command(int arguments, String name) {
    wire.text("*").number(arguments).text("\r\n");
    argument(name);
  }

  private void argument(String text) {
    int bytes = text.getBytes(StandardCharsets.US_ASCII).length;
    wire.text("$").number(bytes).text("\r\n").text(text).text("\r\n");
  }

  private void argument(MemorySegment bytes, long offset, long length) {
    wire.text("$").number(length).text("\r\n");
    for (long done = 0; done < length; ) { // in pieces that the buffer has room for
      int piece = (int) Math.min(length - done, 1 << 16);
      wire.bytes(bytes, offset + done, piece);
      done += piece;
    }
    wire.text("\r\n");
  }

  private void requireOk() {
    String answer = wire.line();
    if (!answer.equals("+OK") && !answer.startsWith(":")) {
      throw new IllegalStateException("the server answered " + answer);
    }
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    buffers.key(0, key);
    lookup(buffers, 1);
  }

  /** A missing row would come as zeros, which the check of the contents finds. */
  @Override
  public void lookup(RowBuffers buffers, int count) {
    command(3, "EMB.LOOKUP");
    argument("rows");
    argument(buffers.keys(), 0, (long) count * Long.BYTES);
    wire.flush();
    blob(buffers.rows(), (long) count * buffers.rowBytes());
  }

  private void blob(MemorySegment target, long bytes) {
    if (wire.number('$') != bytes) {
      throw new IllegalStateException("the server answered with another number of bytes");
    }
    wire.receive(target, 0, bytes);
    wire.end();
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    for (int first = 0; first < count; first += PUT_ROWS) {
      int end = Math.min(count, first + PUT_ROWS);
      command(2 + 2 * (end - first), "EMB.SET");
      argument("rows");
      for (int i = first; i < end; i++) {
        argument(Long.toUnsignedString(buffers.key(i)));
        argument(buffers.rows(), buffers.offset(i), buffers.rowBytes());
      }
      wire.flush();
      requireOk();
    }
  }

  @Override
  public void push(MemorySegment keys, MemorySegment gradients) {
    command(4, "EMB.PUSH");
    argument("learning");
    argument(keys, 0, keys.byteSize());
    argument(gradients, 0, gradients.byteSize());
    wire.flush();
    requireOk();
  }

  @Override
  public void readWeights(long key, MemorySegment weights) {
    MemorySegment keys = MemorySegment.ofArray(new long[] {key});
    command(3, "EMB.LOOKUP");
    argument("learning");
    argument(keys, 0, Long.BYTES);
    wire.flush();
    blob(weights, weights.byteSize());
  }

  @Override
  public String version() {
    return "this commit";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("memory", "the budget, index and buffers included");
    settings.put("durability", "everysec");
    settings.put("calls", "EMB.LOOKUP, EMB.SET, EMB.PUSH over one loopback connection");
    return settings;
  }
}
