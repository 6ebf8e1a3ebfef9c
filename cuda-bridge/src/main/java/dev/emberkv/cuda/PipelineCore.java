package dev.emberkv.cuda;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What a pipeline is made of: the desk, the places, the gathering threads. It does not know the
 * {@link PrefetchPipeline} that its user holds, so that one can be lost.
 *
 * <p>Thread-safe; {@link #close} is called once.
 */
final class PipelineCore implements AutoCloseable {
  final TicketDesk desk;
  final SlotLayout layout;
  final Accelerator accelerator;
  final Table table;
  private final UploadSlot[] slots;
  private final List<Thread> threads = new ArrayList<>();
  private final ResourceStack resources = new ResourceStack();

  private PipelineCore(Store store, Table table, Accelerator accelerator, PrefetchOptions options) {
    this.desk = new TicketDesk(options.depth());
    this.layout =
        new SlotLayout(
            options.maxBatch(), table.spec().rowBytes(), options.layout(), !accelerator.isGpu());
    this.accelerator = accelerator;
    this.table = table;
    this.slots = new UploadSlot[options.depth()];
    try {
      long slotBytes = layout.hostBytes();
      PinnedRegion region =
          resources.add(PinnedRegion.allocate(store, accelerator, slotBytes * slots.length));
      for (int i = 0; i < slots.length; i++) {
        MemorySegment memory = region.segment().asSlice(i * slotBytes, slotBytes);
        slots[i] = resources.add(accelerator.newUploadSlot(layout, memory, options.shareable()));
      }
    } catch (RuntimeException e) {
      throw resources.closeAfter(e);
    }
  }

  static PipelineCore open(
      Store store, Table table, Accelerator accelerator, PrefetchOptions options) {
    PipelineCore core = new PipelineCore(store, table, accelerator, options);
    for (int i = 0; i < options.gatherThreads(); i++) {
      Thread thread =
          Thread.ofPlatform()
              .name("ember-gather-" + i)
              .daemon()
              .unstarted(new GatherLoop(core.desk, core.table, core.slots));
      core.threads.add(thread);
      thread.start();
    }
    return core;
  }

  UploadSlot slotOf(Flight flight) {
    return slots[flight.slot];
  }

  /** Returns the size of the host memory. */
  long hostBytes() {
    return layout.hostBytes() * slots.length;
  }

  /** Waits for the device because a batch was lost: nothing says when its consumer was done. */
  void synchronizeUnlessClosed() {
    if (!desk.isClosed()) {
      accelerator.synchronize();
    }
  }

  @Override
  public void close() {
    desk.beginClose();
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    desk.awaitUnused();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    resources.close();
  }
}
