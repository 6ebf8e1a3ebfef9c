package dev.emberkv.peers.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.peers.store.StorePlace;
import dev.emberkv.peers.work.KeySource;
import dev.emberkv.peers.work.WorkSpec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker from its start to its end, whichever that is. */
final class WorkerProcessTest {
  @TempDir private Path folder = Path.of("");

  private StorePlace place() {
    return new StorePlace(folder.toString(), 20_000, 1000, 64, 64L << 20, true);
  }

  @Test
  void givenAWorkerWhenAskedThenAnswersAndSaysWhatFailed() {
    try (WorkerProcess worker = WorkerProcess.start(Peer.EMBERKV, place(), null)) {
      // a task before the store is open fails, and the worker lives on
      assertThatThrownBy(() -> worker.ask(new Task.Verify()))
          .isInstanceOf(WorkerFailure.class)
          .hasMessageContaining("EmberKV")
          .hasMessageContaining("not open");
      worker.ask(new Task.Open());
      assertThat(worker.ask(new Task.Load()).rows()).isEqualTo(19_000);
      WorkSpec lookups = new WorkSpec(WorkSpec.Kind.LOOKUP, new KeySource.Uniform(), 512);
      Task.Slice slice = worker.ask(new Task.Measure(lookups, 0.05));
      assertThat(slice.rows()).isPositive();
      assertThat(slice.latenciesNanos().getTotalCount()).isEqualTo(slice.rows() / 512);
      assertThat(slice.hitRatio()).isBetween(0.0, 1.0);

      // killed in the midst of writes, everything that was durable is there again
      worker.tell(new Task.Watch(Plan.WATCHED, 60));
      worker.kill();
      assertThatThrownBy(() -> worker.ask(new Task.Verify()))
          .isInstanceOf(WorkerFailure.class)
          .hasMessageContaining("gone");
    }
    try (WorkerProcess again = WorkerProcess.start(Peer.EMBERKV, place(), null)) {
      assertThat(again.ask(new Task.Open())).isPositive();
      assertThat(again.ask(new Task.Verify())).isPositive();
      assertThat(again.ask(new Task.Close())).isTrue();
    }
  }
}
