package dev.emberkv.peers.report;

import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.PeersRun;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A real run, as small as one can be: two stores, one round, turns of 20 ms. */
final class SampleResults {
  static final Plan PLAN =
      new Plan(true, 270_000, 256, 1, 0.02, 0.05, 1, null, List.of(Peer.EMBERKV, Peer.HEAP));

  private SampleResults() {}

  static Report run(Path folder) throws IOException, InterruptedException {
    Results results = PeersRun.run(PLAN, folder);
    return new Report(PLAN, Machine.read(folder, List.of("--quick")), results);
  }
}
