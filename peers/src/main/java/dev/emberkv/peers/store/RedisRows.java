package dev.emberkv.peers.store;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Redis over a loopback connection: GET, MGET and MSET with binary keys. */
final class RedisRows implements RowStore {
  private final StorePlace place;
  private final ServerProcess server;
  private final Wire wire;

  RedisRows(StorePlace place) {
    this.place = place;
    server =
        ServerProcess.start(
            place.file("server.log"),
            port ->
                List.of(
                    "redis-server",
                    "--port",
                    Integer.toString(port),
                    "--bind",
                    "127.0.0.1",
                    "--dir",
                    place.directory(),
                    "--appendonly",
                    "yes",
                    "--appendfsync",
                    "everysec",
                    "--save",
                    ""));
    wire = new Wire(server.connect());
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    buffers.key(0, key);
    wire.text("*2\r\n$3\r\nGET\r\n");
    key(buffers, 0);
    wire.flush();
    row(buffers, 0);
  }

  @Override
  public void lookup(RowBuffers buffers, int count) {
    wire.text("*").number(count + 1L).text("\r\n$4\r\nMGET\r\n");
    for (int i = 0; i < count; i++) {
      key(buffers, i);
    }
    wire.flush();
    if (wire.number('*') != count) {
      throw new IllegalStateException("Redis answered with another number of rows");
    }
    for (int i = 0; i < count; i++) {
      row(buffers, i);
    }
  }

  private void key(RowBuffers buffers, int index) {
    wire.text("$8\r\n").bytes(buffers.keys(), (long) index * Long.BYTES, Long.BYTES).text("\r\n");
  }

  private void row(RowBuffers buffers, int index) {
    if (wire.number('$') != buffers.rowBytes()) {
      throw new IllegalStateException("row " + buffers.key(index) + " is missing");
    }
    wire.receive(buffers.rows(), buffers.offset(index), buffers.rowBytes());
    wire.end();
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    wire.text("*").number(2L * count + 1).text("\r\n$4\r\nMSET\r\n");
    String length = "$" + buffers.rowBytes() + "\r\n";
    for (int i = 0; i < count; i++) {
      key(buffers, i);
      wire.text(length).bytes(buffers.rows(), buffers.offset(i), buffers.rowBytes()).text("\r\n");
    }
    wire.flush();
    String answer = wire.line();
    if (!answer.equals("+OK")) {
      throw new IllegalStateException("Redis answered " + answer);
    }
  }

  /** Redis syncs its log once a second by itself, and has no command for it. */
  @Override
  public void sync() {}

  @Override
  public Activity activity() {
    ProcessIo io = ProcessIo.of(server.pid());
    return new Activity(0, io.readBytes(), io.writeBytes());
  }

  @Override
  public long diskBytes() {
    return place.diskBytes();
  }

  @Override
  public long residentBytes() {
    return ProcessIo.of(server.pid()).residentBytes();
  }

  @Override
  public String version() {
    return Wire.versionOf("redis-server", "--version");
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("budget", "none: all rows have to be in its memory, whatever that takes");
    settings.put("durability", "appendonly, appendfsync everysec; no snapshots");
    settings.put("calls", "GET, MGET, MSET over one loopback connection, 8-byte keys");
    return settings;
  }

  @Override
  public void close() {
    wire.close();
    server.close();
  }
}
