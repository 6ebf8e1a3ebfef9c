package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Which answers of a kernel end a request, with no kernel involved. */
final class RequestTableTest {
  private static final int BLOCK = 4096;
  private static final UringFile FILE = openUnlinked();

  /** Opens a file that is gone with this process. */
  private static UringFile openUnlinked() {
    try {
      Path path = Files.createTempFile("emberkv", ".volume");
      UringFile opened = UringFile.open(path, 0, new AtomicInteger());
      Files.delete(path);
      return opened;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Property(tries = 500)
  void givenAnySplitOfATransfer_whenItsPartsArrive_thenTheyJoinWithoutGapOrOverlap(
      @ForAll @Size(min = 1, max = 20) int[] parts) {
    int blocks = 0;
    for (int i = 0; i < parts.length; i++) {
      parts[i] = Math.floorMod(parts[i], 8) + 1;
      blocks += parts[i];
    }
    RequestTable table = new RequestTable(1);
    int slot = table.take(RequestKind.WRITE, FILE, 7L * BLOCK, BLOCK, blocks * BLOCK, 99);
    int moved = 0;
    for (int i = 0; i < parts.length; i++) {
      assertThat(table.nextFileOffset(slot)).isEqualTo((7L + moved) * BLOCK);
      assertThat(table.nextAddress(slot)).isEqualTo((1L + moved) * BLOCK);
      assertThat(table.remainingBytes(slot)).isEqualTo((blocks - moved) * BLOCK);
      int result = table.complete(slot, parts[i] * BLOCK);
      moved += parts[i];
      assertThat(result).isEqualTo(i == parts.length - 1 ? blocks * BLOCK : RequestTable.CONTINUE);
    }
  }

  @Property(tries = 200)
  void givenAnyOrderOfTakingAndReleasing_whenCounted_thenSlotsAreDistinctAndBounded(
      @ForAll @Size(max = 200) @IntRange(min = 0, max = 7) int[] steps) {
    RequestTable table = new RequestTable(5);
    ArrayDeque<Integer> taken = new ArrayDeque<>();
    for (int step : steps) {
      if (step < 4 && table.inFlight() < 5) {
        int slot = table.take(RequestKind.SYNC, FILE, 0, 0, 0, step);
        assertThat(slot).isBetween(0, 4);
        assertThat(taken).doesNotContain(slot);
        assertThat(table.userData(slot)).isEqualTo(step);
        taken.add(slot);
      } else if (!taken.isEmpty()) {
        table.release(taken.poll());
      }
      assertThat(table.inFlight()).isEqualTo(taken.size());
    }
  }

  @Example
  void givenProgressBetweenRefusals_whenCounted_thenTheBoundIsOnRefusalsInARow() {
    RequestTable table = new RequestTable(1);
    int slot = table.take(RequestKind.READ, FILE, 0, BLOCK, 2 * BLOCK, 0);
    for (int i = 1; i < Transfers.MAX_FRUITLESS_TRIES; i++) {
      assertThat(table.complete(slot, -Errno.EAGAIN)).isEqualTo(RequestTable.CONTINUE);
    }
    assertThat(table.complete(slot, BLOCK)).isEqualTo(RequestTable.CONTINUE);
    for (int i = 1; i < Transfers.MAX_FRUITLESS_TRIES; i++) {
      assertThat(table.complete(slot, -Errno.EINTR)).isEqualTo(RequestTable.CONTINUE);
    }
    assertThat(table.complete(slot, -Errno.EINTR)).isEqualTo(-Errno.EINTR);
  }

  @Example
  void givenATransferThatStopsInsideABlock_whenItEnds_thenAReadIsAtTheEndAndAWriteIsBroken() {
    RequestTable table = new RequestTable(2);
    int read = table.take(RequestKind.READ, FILE, 0, BLOCK, BLOCK, 0);
    int write = table.take(RequestKind.WRITE, FILE, 0, BLOCK, BLOCK, 0);

    assertThat(table.complete(read, 100)).isEqualTo(-Errno.ENODATA);
    assertThat(table.complete(write, 100)).isEqualTo(-Errno.EIO);
  }
}
