package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** The different ids of a batch, against a list of them. */
final class KeyIndexTest {
  @Property(tries = 300)
  void anyBatchIsWhatItsUniqueIdsAndIndexSay(
      @ForAll @Size(max = 300) List<@LongRange(min = -40, max = 40) Long> keys, @ForAll long seed) {
    require(keys.stream().mapToLong(Long::longValue).toArray(), new KeyIndex(300, seed));
  }

  @Property(tries = 100)
  void wideIdsAreKeptApart(@ForAll @Size(max = 64) List<Long> keys) {
    require(keys.stream().mapToLong(Long::longValue).toArray(), new KeyIndex(64, 0));
  }

  @Test
  void aTableIsUsedAgainForBatchesOfAnySize() {
    KeyIndex index = new KeyIndex(4096, 1);
    for (int size : new int[] {4096, 1, 2, 3, 4095, 4096, 0, 17}) {
      long[] keys = new long[size];
      Arrays.setAll(keys, i -> (i * 31L) % Math.max(1, size / 2));
      require(keys, index);
    }
    require(new long[] {5}, new KeyIndex(1, 9));
  }

  private static void require(long[] keys, KeyIndex keyIndex) {
    long[] unique = new long[keys.length];
    int[] index = new int[keys.length];

    int found =
        keyIndex.run(
            MemorySegment.ofArray(keys),
            keys.length,
            MemorySegment.ofArray(unique),
            MemorySegment.ofArray(index));

    long[] expected = Arrays.stream(keys).distinct().toArray();
    assertThat(Arrays.copyOf(unique, found)).isEqualTo(expected);
    for (int i = 0; i < keys.length; i++) {
      assertThat(unique[index[i]]).isEqualTo(keys[i]);
    }
    assertThat(ValueLayout.JAVA_INT.byteSize() * index.length).isEqualTo(4L * keys.length);
  }
}
