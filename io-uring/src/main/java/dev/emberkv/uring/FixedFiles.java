package dev.emberkv.uring;

import org.jspecify.annotations.Nullable;

/**
 * The files registered with one ring, so that the kernel need not look a descriptor up and count
 * references for each request.
 *
 * <p>Owned by the queue's owner. A file's place is its serial number modulo the table's size; when
 * an open file is there already, the newcomer goes by its descriptor, which is slower but as good.
 * A registered file is held open by the kernel until it is taken out, which {@link #dropClosed}
 * does on the queue's next submit after the close.
 */
final class FixedFiles {
  static final int SLOTS = 64;

  /** What {@link #slotOf} returns for a file that is not registered. */
  static final int NONE = -1;

  private final Ring ring;
  private final @Nullable UringFile[] files;

  FixedFiles(Ring ring) {
    this.ring = ring;
    this.files = new UringFile[ring.registerFileTable(SLOTS) == 0 ? SLOTS : 0];
  }

  /** Returns the file's place in the table, where it is put if that is possible. */
  int slotOf(UringFile file) {
    if (files.length == 0) {
      return NONE;
    }
    int slot = file.serial() % SLOTS;
    UringFile present = files[slot];
    if (present == file) {
      return slot;
    }
    if (present != null && !present.isClosed()) {
      return NONE;
    }
    if (ring.updateFile(slot, file.fd()) != 1) {
      return NONE;
    }
    files[slot] = file;
    return slot;
  }

  /** Takes closed files out of the table, which lets the file system free them. */
  void dropClosed() {
    for (int slot = 0; slot < files.length; slot++) {
      UringFile file = files[slot];
      if (file != null && file.isClosed() && ring.updateFile(slot, -1) == 1) {
        files[slot] = null;
      }
    }
  }
}
