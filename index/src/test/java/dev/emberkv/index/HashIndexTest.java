package dev.emberkv.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HashIndexTest {
  private static final long SEED = 0x5eed;

  private static long hash(long id) {
    return KeyHash.ofId(id, SEED);
  }

  /** Returns how many of the ids in a range are found. */
  private static int found(Rows rows, HashIndex index, int from, int to) {
    int found = 0;
    for (int id = from; id < to; id++) {
      found += rows.find(index, hash(id)) == Location.NONE ? 0 : 1;
    }
    return found;
  }

  @Test
  void emptyIndexTakesOnePageAndFindsNothing() {
    try (HashIndex index = HashIndex.create(location -> 0)) {
      assertThat(index.lookup(hash(1))).isEqualTo(Location.NONE);
      assertThat(index.size()).isZero();
      assertThat(index.memoryBytes()).isEqualTo(4096);
    }
  }

  @Test
  void findsEveryKeyWhileItGrowsFromOnePageToAMillion() {
    int keys = 1_000_000;
    Rows rows = new Rows(keys);
    try (HashIndex index = HashIndex.create(rows)) {
      // given a million inserts
      for (int id = 0; id < keys; id++) {
        rows.insert(index, hash(id));
        // when an earlier key is looked up in between
        long earlier = Long.remainderUnsigned(KeyHash.ofId(id, 1), id + 1);
        // then it is found
        if (Location.granule(rows.find(index, hash(earlier))) != earlier) {
          fail("key %d was lost when there were %d", earlier, id + 1);
        }
      }
      // then all are there, absent ones are not, and the price per key is kept
      assertThat(found(rows, index, 0, keys)).isEqualTo(keys);
      assertThat(found(rows, index, keys, 2 * keys)).isZero();
      assertThat(index.size()).isEqualTo(keys);
      assertThat((double) index.memoryBytes() / keys).isLessThanOrEqualTo(12.0);
      assertThat(index.overflowEntries()).isZero();
      assertThat(index.growths()).isGreaterThan(90);
    }
  }

  @Test
  void replaceIfChangesOnlyTheEntryWithTheOldLocation() {
    try (HashIndex index = HashIndex.create(location -> 0)) {
      long home = index.lock(hash(7));
      index.insert(home, hash(7), Location.cold(70));
      HashIndex.unlock(home);

      assertThat(index.replaceIf(hash(7), Location.cold(71), Location.dram(1))).isFalse();
      assertThat(index.replaceIf(hash(7), Location.cold(70), Location.dram(1))).isTrue();
      assertThat(index.lookup(hash(7))).isEqualTo(Location.dram(1));
      assertThat(index.replaceIf(hash(8), Location.dram(1), Location.dram(2))).isFalse();
    }
  }

  @Test
  void removeFreesTheSlotAtOnce() {
    Rows rows = new Rows(200_000);
    try (HashIndex index = HashIndex.create(rows)) {
      // given one key at a time
      for (int id = 0; id < 200_000; id++) {
        long location = rows.insert(index, hash(id));
        if (!rows.remove(index, hash(id), location) || rows.remove(index, hash(id), location)) {
          fail("key %d was not removed once", id);
        }
      }
      // then nothing has grown
      assertThat(index.size()).isZero();
      assertThat(index.memoryBytes()).isEqualTo(4096);
    }
  }

  @Test
  void keysThatDifferOnlyBehindTheTagAreToldApartByTheirRows() {
    Rows rows = new Rows(64);
    try (HashIndex index = HashIndex.create(rows)) {
      // given 64 hashes with the same first 58 bits
      long prefix = hash(1) & -64;
      for (int i = 0; i < 64; i++) {
        rows.insert(index, prefix + i);
      }
      // then each is found, through its false positives
      for (int i = 0; i < 64; i++) {
        assertThat(Location.granule(rows.find(index, prefix + i))).isEqualTo(i);
      }
      assertThat(rows.find(index, prefix + 64)).isEqualTo(Location.NONE);
    }
  }

  @Test
  void moreKeysOfOneHomeThanItsWindowHoldsGoToTheOverflowAndComeBack() {
    Rows rows = new Rows(1000);
    try (HashIndex index = HashIndex.create(rows)) {
      // given 300 hashes that no array this small can tell apart, and 300 ordinary ones
      Map<Long, Long> expected = new HashMap<>();
      for (int i = 0; i < 300; i++) {
        long odd = (hash(1) & -1024) + i;
        expected.put(odd, rows.insert(index, odd));
        expected.put(hash(1000 + i), rows.insert(index, hash(1000 + i)));
      }
      assertThat(index.overflowEntries()).isPositive();
      // when half of them go
      for (int i = 0; i < 300; i += 2) {
        long odd = (hash(1) & -1024) + i;
        assertThat(rows.remove(index, odd, rows.find(index, odd))).isTrue();
        expected.remove(odd);
      }
      // then the others are found and visited
      expected.forEach((h, location) -> assertThat(rows.find(index, h)).isEqualTo(location));
      Map<Long, Long> visited = new HashMap<>();
      index.forEach((h, known, location) -> visited.put(rows.hashAt(location), location));
      assertThat(visited).isEqualTo(expected);
      // when all have gone, the overflow is empty
      expected.forEach((h, location) -> assertThat(rows.remove(index, h, location)).isTrue());
      assertThat(index.overflowEntries()).isZero();
      assertThat(index.size()).isZero();
    }
  }

  @Test
  void untouchedEntriesAreResolvedAfterTwelveDoublingsAndStillFound() {
    int keys = 1_600_000;
    Rows rows = new Rows(keys);
    try (HashIndex index = HashIndex.create(rows)) {
      for (int id = 0; id < keys; id++) {
        rows.insert(index, hash(id));
        if (id == 100_000) {
          // given a refresh of the very first keys
          for (int early = 0; early < 100; early++) {
            index.refresh(hash(early), rows.find(index, hash(early)));
          }
          assertThat(rows.resolved()).isZero();
        }
      }
      // when the index has 8192 times the buckets that it started with
      // then only the entries of the first page were resolved, but those that were refreshed
      assertThat(index.resolvedEntries()).isEqualTo(rows.resolved()).isBetween(100L, 1200L);
      assertThat(found(rows, index, 0, keys)).isEqualTo(keys);
    }
  }

  @Test
  void insertGivesOnWhatTheResolverThrowsAndLosesNothing() {
    int keys = 1_600_000;
    Rows rows = new Rows(keys);
    boolean[] broken = {true};
    HashResolver resolver =
        location -> {
          if (broken[0]) {
            throw new IllegalArgumentException("unreadable");
          }
          return rows.hashOf(location);
        };
    try (HashIndex index = HashIndex.create(resolver)) {
      // given a resolver that cannot read
      int refused = -1;
      for (int id = 0; id < keys; id++) {
        int now = id;
        try {
          rows.insert(index, hash(id));
        } catch (IllegalArgumentException e) {
          assertThat(e).hasMessage("unreadable");
          refused = now;
          // when it can again
          HashIndex.unlock(index.home(hash(id)));
          broken[0] = false;
        }
      }
      // then only the insert that met it is missing
      assertThat(refused).isPositive();
      assertThat(rows.find(index, hash(refused))).isEqualTo(Location.NONE);
      assertThat(found(rows, index, 0, keys)).isEqualTo(keys - 1);
    }
  }

  @Test
  void tryLockFailsOnceTheHeaderHasChanged() {
    try (HashIndex index = HashIndex.create(location -> 0)) {
      long home = index.home(hash(1));
      long header = HashIndex.version(home);
      assertThat(HashIndex.tryLock(home, header)).isTrue();
      assertThat(HashIndex.tryLock(home, header)).isFalse();
      HashIndex.unlockUnchanged(home);
      assertThat(HashIndex.unchanged(home, header)).isTrue();
      assertThat(HashIndex.tryLock(home, header)).isTrue();
      HashIndex.unlock(home);
      assertThat(HashIndex.unchanged(home, header)).isFalse();
      assertThat(HashIndex.tryLock(home, header)).isFalse();
    }
  }

  @Test
  void wrongRowBehindAnOldEntryIsReported() {
    Rows rows = new Rows(1_600_000);
    HashResolver resolver = location -> ~rows.hashOf(location);
    try (HashIndex index = HashIndex.create(resolver)) {
      assertThatThrownBy(
              () -> {
                for (int id = 0; id < 1_600_000; id++) {
                  rows.insert(index, hash(id));
                }
              })
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("has another hash than its index entry");
    }
  }
}
