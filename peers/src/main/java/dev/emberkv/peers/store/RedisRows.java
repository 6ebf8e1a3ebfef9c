package dev.emberkv.peers.store;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Redis over a loopback connection: GET, MGET and MSET with binary keys. */
final class RedisRows extends WireRows {
  RedisRows(StorePlace place) {
    super(
        place,
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
}
