package dev.emberkv.engine;

/**
 * A store without rows, log or index: only which keys are in DRAM, as {@link AdmissionPolicy},
 * {@link SlotClass} and {@link UseCounts} decide it, at millions of accesses a second.
 *
 * <p>Not thread-safe.
 */
final class PolicySimulation implements AutoCloseable {
  /** The slots of rows of 256 bytes. */
  static final int SLOT_BYTES = 288;

  private final SlabPool pool;
  private final SlotClass slotClass;
  private final AdmissionPolicy policy;
  private final long[] slotOf;
  private final int[] keyOf;
  private final long[] found = new long[SlotClass.MAX_VICTIMS];

  /**
   * Makes one for keys 0..keys-1.
   *
   * @param slabs how much memory there is for rows
   * @param slotBytes the size of a row's slot
   */
  PolicySimulation(int keys, long slabs, int slotBytes, long sketchBytes) {
    long bytes = slabs * SlabPool.SLAB_BYTES;
    this.pool = new SlabPool(bytes, () -> bytes);
    this.slotClass = pool.slotClass(slotBytes);
    this.policy = new AdmissionPolicy(pool, sketchBytes);
    this.slotOf = new long[keys];
    this.keyOf = new int[(int) (bytes / Slot.GRANULE_BYTES)];
  }

  /** Reads a key that is on the device if it is not in DRAM; returns whether it was. */
  boolean read(int key) {
    long slot = slotOf[key];
    if (slot != 0) {
      pool.touch(slot);
      return true;
    }
    int use = policy.onRead(slotClass, key);
    if (use != AdmissionPolicy.NOT_ADMITTED) {
      slot = slotClass.allocate((byte) use);
      if (slot == 0) {
        evict((byte) use);
        slot = slotClass.allocate((byte) use);
      }
    }
    if (slot != 0) {
      place(key, slot);
    }
    return false;
  }

  /** Writes a key, which is in DRAM afterwards. */
  void write(int key) {
    long slot = slotOf[key];
    if (slot != 0) {
      pool.touch(slot);
      return;
    }
    byte use = (byte) policy.onWrite(slotClass, key);
    slot = slotClass.allocate(use);
    while (slot == 0) {
      if (evict(use) == 0) {
        use = UseCounts.window(UseCounts.frequency(use));
      }
      slot = slotClass.allocate(use);
    }
    place(key, slot);
  }

  private void place(int key, long slot) {
    slotOf[key] = slot;
    keyOf[(int) pool.granule(slot)] = key;
  }

  private int evict(byte use) {
    int count = slotClass.victims(use, found);
    for (int i = 0; i < count; i++) {
      int key = keyOf[(int) pool.granule(found[i])];
      if (slotOf[key] == found[i]) {
        slotOf[key] = 0;
        policy.evicted(key, UseCounts.frequency(pool.counts().get(found[i])));
        pool.free(found[i]);
      }
    }
    return count;
  }

  @Override
  public void close() {
    policy.close();
    pool.close();
  }
}
