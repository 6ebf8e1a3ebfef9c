package dev.emberkv.compaction;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Work that a start divides among threads, and waits for. */
public final class ParallelWork {
  private ParallelWork() {}

  /**
   * Runs tasks, each on a thread of its own, and returns when all have ended; a single one runs on
   * the calling thread. An interrupt is kept for later: half a start is of no use.
   *
   * @throws RuntimeException what the first of the tasks that failed threw
   */
  public static void run(String threadName, List<? extends Runnable> tasks) {
    if (tasks.size() == 1) {
      tasks.getFirst().run();
      return;
    }
    List<Future<?>> running = new ArrayList<>();
    RuntimeException failure = null;
    try (ExecutorService threads =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name(threadName + "-", 0).factory())) {
      tasks.forEach(task -> running.add(threads.submit(task)));
      for (Future<?> task : running) {
        RuntimeException met = await(task);
        failure = failure == null ? met : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static @Nullable RuntimeException await(Future<?> task) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          task.get();
          return null;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      return e.getCause() instanceof RuntimeException failure
          ? failure
          : new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
