package dev.emberkv.peers.store;

/** A store behind a server of its own, over one loopback connection. */
abstract class WireRows implements RowStore {
  final StorePlace place;
  final Wire wire;
  private final ServerProcess server;

  /**
   * Starts the server.
   *
   * @param command makes its command line, of the port
   */
  WireRows(StorePlace place, ServerProcess.Command command) {
    this.place = place;
    server = ServerProcess.start(place.file("server.log"), command);
    wire = new Wire(server.connect());
  }

  /** The servers sync once a second by themselves, if at all, and have no command for it. */
  @Override
  public void sync() {}

  /** Returns how often the server says that it has read its device; 0 when it does not say. */
  long deviceReads() {
    return 0;
  }

  @Override
  public Activity activity() {
    ProcessIo io = ProcessIo.of(server.pid());
    return new Activity(deviceReads(), io.readBytes(), io.writeBytes());
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
  public void close() {
    wire.close();
    server.close();
  }
}
