package dev.emberkv.peers.run;

import dev.emberkv.peers.store.StorePlace;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A worker process, from outside. It ends when this process does, however that ends.
 *
 * <p>Not thread-safe.
 */
final class WorkerProcess implements AutoCloseable {
  private static final int CLOSE_SECONDS = 60;

  private final Peer peer;
  private final Process process;
  private final ObjectOutputStream tasks;
  private final @Nullable MemoryGroup group;
  private @Nullable ObjectInputStream answers;

  private WorkerProcess(
      Peer peer, Process process, ObjectOutputStream tasks, @Nullable MemoryGroup group) {
    this.peer = peer;
    this.process = process;
    this.tasks = tasks;
    this.group = group;
  }

  /**
   * Starts a worker and opens its store.
   *
   * @param group the memory group to put it into, or null for none; this owns it then
   */
  static WorkerProcess start(Peer peer, StorePlace place, @Nullable MemoryGroup group) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(peer.jvmOptions(place));
    command.addAll(
        List.of(
            "-XX:+UseParallelGC",
            "-XX:MaxDirectMemorySize=1g",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "--add-modules=jdk.incubator.vector",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "-cp",
            classPath(),
            Worker.class.getName(),
            peer.name()));
    try {
      Process process = new ProcessBuilder(command).start();
      Thread.ofPlatform().daemon().name("errors").start(() -> passOn(process.errorReader()));
      ObjectOutputStream tasks = new ObjectOutputStream(process.getOutputStream());
      WorkerProcess worker = new WorkerProcess(peer, process, tasks, group);
      worker.send(place);
      return worker;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Passes on what a worker says, but for what every JVM says that has vector code. */
  private static void passOn(BufferedReader errors) {
    try (errors) {
      for (String line = errors.readLine(); line != null; line = errors.readLine()) {
        if (!line.startsWith("WARNING: Using incubator modules")) {
          System.err.println(line);
        }
      }
    } catch (IOException e) {
      System.err.println("emberkv: a worker's messages end: " + e);
    }
  }

  private static String classPath() {
    String modules = System.getProperty("jdk.module.path", "");
    String classPath = System.getProperty("java.class.path");
    return modules.isEmpty() ? classPath : modules + File.pathSeparator + classPath;
  }

  /**
   * Has a task done and waits for the answer.
   *
   * @throws WorkerFailure when the task failed, or the process is gone
   */
  @SuppressWarnings("unchecked") // the worker answers a task with what the task returns
  <R extends Serializable> R ask(Task<R> task) {
    try {
      send(task);
      if (answers == null) {
        answers = new ObjectInputStream(process.getInputStream());
      }
      Object answer = answers.readObject();
      if (answer instanceof Worker.Failure failure) {
        throw new WorkerFailure(peer, failure.message());
      }
      return (R) answer;
    } catch (IOException e) {
      throw new WorkerFailure(peer, "its process is gone" + endOf(process));
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Sends a task whose answer nobody waits for: the process is killed in the midst of it. */
  void tell(Task<?> task) {
    try {
      send(task);
    } catch (IOException e) {
      throw new WorkerFailure(peer, "its process is gone" + endOf(process));
    }
  }

  /** Confines the worker's further memory, file pages included, to its group. */
  void confine() {
    if (group != null) {
      group.add(process.pid());
    }
  }

  private void send(Object task) throws IOException {
    tasks.writeObject(task);
    tasks.reset();
    tasks.flush();
  }

  private static String endOf(Process process) {
    try {
      return process.waitFor(1, TimeUnit.SECONDS) ? ", status " + process.exitValue() : "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** Kills the process as a crash would, and waits until it is gone. */
  void kill() {
    process.destroyForcibly().onExit().join();
    leaveGroup();
  }

  private void leaveGroup() {
    if (group != null) {
      group.close();
    }
  }

  /** Ends the process; a store that is to be closed properly was closed by a task before. */
  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    leaveGroup();
  }
}
