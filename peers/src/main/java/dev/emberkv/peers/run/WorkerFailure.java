package dev.emberkv.peers.run;

/** A store that could not do what it was asked for. */
final class WorkerFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  WorkerFailure(Peer peer, String message) {
    super(peer.title() + ": " + message);
  }
}
