package dev.emberkv.peers.run;

import dev.emberkv.peers.store.StorePlace;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.io.Serializable;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The main class of a worker process: it has one store, takes tasks from standard input and answers
 * on standard output.
 *
 * <p>A process of its own, so that a store's memory, collector and threads are its own, can be
 * bounded and killed. When the input ends, the benchmark is gone, and so is the worker at once.
 */
public final class Worker {
  private Worker() {}

  /**
   * Runs.
   *
   * @param arguments the {@link Peer}'s name
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    PrintStream answers = System.out;
    System.setOut(System.err); // what libraries print is not an answer
    ObjectInputStream input = new ObjectInputStream(System.in);
    BlockingQueue<Object> tasks = new LinkedBlockingQueue<>();
    Thread.ofPlatform().daemon().name("tasks").start(() -> receive(input, tasks));
    Desk desk = new Desk(Peer.valueOf(arguments[0]), (StorePlace) tasks.take());
    ObjectOutputStream output = new ObjectOutputStream(answers);
    while (true) {
      output.writeObject(answer((Task<?>) tasks.take(), desk));
      output.reset();
      output.flush();
    }
  }

  private static void receive(ObjectInputStream input, BlockingQueue<Object> tasks) {
    try {
      while (true) {
        tasks.add(input.readObject());
      }
    } catch (EOFException e) {
      Runtime.getRuntime().halt(0);
    } catch (IOException | ClassNotFoundException e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  private static Serializable answer(Task<?> task, Desk desk) throws InterruptedException {
    try {
      return task.run(desk);
    } catch (RuntimeException | LinkageError e) {
      e.printStackTrace();
      return new Failure(e.getClass().getSimpleName() + ": " + e.getMessage());
    }
  }

  /** The answer in place of one when a task failed. */
  record Failure(String message) implements Serializable {}
}
