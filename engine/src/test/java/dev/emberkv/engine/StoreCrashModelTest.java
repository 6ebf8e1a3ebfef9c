package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.IoFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.state.Action;
import net.jqwik.api.state.ActionChain;
import net.jqwik.api.state.Transformer;

/**
 * Random histories of one caller, with flushes, checkpoints, crashes and reopens among the batches,
 * against a model that knows exactly what must be left: with one caller everything acknowledged is,
 * as of the last batch, flush or checkpoint.
 */
class StoreCrashModelTest {
  private static final List<Durability> DURABILITIES = List.of(Durability.values());

  @Property(tries = 40, shrinking = ShrinkingMode.BOUNDED)
  void isWhatTheModelSays(@ForAll("histories") ActionChain<Run> chain) {
    chain.run().close();
  }

  /** A million batches and more. */
  @Property(tries = 12_000, shrinking = ShrinkingMode.BOUNDED)
  @Tag("long")
  void isWhatTheModelSaysAMillionTimes(@ForAll("histories") ActionChain<Run> chain) {
    chain.run().close();
  }

  @Provide
  Arbitrary<ActionChain<Run>> histories() {
    return ActionChain.<Run>startWith(Run::new)
        .withAction(10, action("batches", Run::batches))
        .withAction(2, action("flush", (run, random) -> run.flush()))
        .withAction(2, action("checkpoint", (run, random) -> run.checkpoint()))
        .withAction(3, action("power failure", Run::crash))
        .withAction(2, action("reopen", Run::reopen))
        .withMaxTransformations(25);
  }

  private static Action.Independent<Run> action(String name, RunStep step) {
    return () ->
        Arbitraries.longs()
            .map(seed ->
                Transformer.mutate(name + " " + seed, run -> step.apply(run, new Random(seed))));
  }

  @FunctionalInterface
  private interface RunStep {
    void apply(Run run, Random random);
  }

  /** A store, what it holds, and what a crash would leave of that. */
  static final class Run {
    private final Path directory;
    private Durability durability = Durability.ALWAYS;
    private SimulatedDisk disk = new SimulatedDisk(1);
    private Store store;
    private int[] live = new int[CrashWorkload.KEYS];

    /**
     * What a crash may go back to: all that was since the last promise, the promised state first.
     */
    private final List<int[]> possible = new ArrayList<>(List.of(live.clone()));

    private int nextBatch = 1;

    Run() {
      try {
        directory = Files.createTempDirectory("emberkv-crash-model");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      store = open();
    }

    private Store open() {
      StoreOptions options =
          StoreOptions.of(directory)
              .withMemoryBytes(CrashWorkload.MEMORY_BYTES)
              .withDurability(durability);
      SimulatedDisk current = disk;
      return EmberStore.open(
          options, () -> current, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
    }

    void batches(Random random) {
      for (int i = random.nextInt(20); i >= 0; i--) {
        CrashWorkload.Batch batch = CrashWorkload.batch(random.nextLong(), nextBatch++);
        CrashWorkload.apply(store, batch);
        for (int key : CrashWorkload.changed(batch)) {
          live[key] = batch.kind == CrashWorkload.Kind.PUT ? batch.id : 0;
        }
        switch (durability) {
          case ALWAYS -> promise();
          case EVERYSEC -> possible.add(live.clone());
          case CHECKPOINT -> {}
        }
      }
    }

    private void promise() {
      possible.clear();
      possible.add(live.clone());
    }

    void flush() {
      store.flush();
      promise();
    }

    void checkpoint() {
      store.checkpoint();
      promise();
    }

    void crash(Random random) {
      SimulatedDisk crashed = disk.afterCrash(random.nextLong());
      disk.withPowerFor(0);
      try {
        store.close();
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      disk = crashed;
      durability = DURABILITIES.get(random.nextInt(3));
      store = open();
      int[] found = CrashWorkload.read(store);
      // dropping all strings is durable at once, so they may be further on than the rows
      assertThat(isPossible(found, 0, CrashWorkload.ROWS)).as("rows").isTrue();
      assertThat(isPossible(found, CrashWorkload.ROWS, CrashWorkload.KEYS)).as("strings").isTrue();
      live = found;
      promise();
    }

    private boolean isPossible(int[] found, int from, int to) {
      return possible.stream().anyMatch(state -> Arrays.equals(state, from, to, found, from, to));
    }

    void reopen(Random random) {
      store.close();
      durability = DURABILITIES.get(random.nextInt(3));
      store = open();
      assertThat(CrashWorkload.read(store)).isEqualTo(live);
      promise();
    }

    void close() {
      store.close();
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
