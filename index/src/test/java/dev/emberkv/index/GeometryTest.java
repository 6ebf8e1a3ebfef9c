package dev.emberkv.index;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class GeometryTest {
  @Provide
  Arbitrary<Geometry> geometries() {
    return Combinators.combine(
            Arbitraries.integers().between(2, 40), Arbitraries.integers().between(8, 15))
        .as(Geometry::new);
  }

  @Property
  void homesFollowTheOrderOfHashes(
      @ForAll("geometries") Geometry geometry, @ForAll long a, @ForAll long b) {
    // given two hashes
    // when compared as unsigned numbers
    int order = Long.compareUnsigned(a, b);
    // then their homes are in the same order, or the same
    assertThat(Long.compare(geometry.homeOf(a), geometry.homeOf(b))).isIn(order, 0);
  }

  @Property
  void homeCoversFromFirstToLastHash(@ForAll("geometries") Geometry geometry, @ForAll long hash) {
    long home = geometry.homeOf(hash);
    long first = geometry.firstHash(home);
    long last = geometry.lastHash(home);
    assertThat(home).isBetween(0L, geometry.homes() - 1);
    assertThat(geometry.homeOf(first)).isEqualTo(home);
    assertThat(geometry.homeOf(last)).isEqualTo(home);
    assertThat(Long.compareUnsigned(first, hash)).isLessThanOrEqualTo(0);
    assertThat(Long.compareUnsigned(hash, last)).isLessThanOrEqualTo(0);
    if (home > 0) {
      assertThat(geometry.homeOf(first - 1)).isEqualTo(home - 1);
    }
    if (home < geometry.homes() - 1) {
      assertThat(geometry.homeOf(last + 1)).isEqualTo(home + 1);
    }
  }

  @Property
  void sixteenPerPrefixIsEightPerLongerPrefix(
      @ForAll @IntRange(min = 2, max = 40) int prefixBits, @ForAll long hash) {
    // given the geometry after (k, 15)
    Geometry next = new Geometry(prefixBits, 15).next();
    // then it is (k + 1, 8), which is what (k, 16) would compute
    assertThat(next).isEqualTo(new Geometry(prefixBits + 1, 8));
    long asSixteen = (hash >>> -prefixBits) * 16 + ((((hash << prefixBits) >>> 54) * 16) >>> 10);
    assertThat(next.homeOf(hash)).isEqualTo(asSixteen);
  }

  @Property
  void entryAndBucketGiveTheHashBackAtEveryDisplacement(
      @ForAll("geometries") Geometry geometry,
      @ForAll long hash,
      @ForAll @IntRange(min = 0, max = Geometry.MAX_DISPLACEMENT) int displacement,
      @ForAll @IntRange(min = 0, max = 12) int doublings,
      @ForAll @LongRange(min = 0, max = (1L << 39) - 1) long location) {
    // given an entry written some doublings ago
    int writtenAt = Math.max(0, geometry.tagBase() - doublings);
    long entry = Entry.fresh(hash, writtenAt, location);
    for (int base = writtenAt; base < geometry.tagBase(); base++) {
      entry = Entry.rebased(entry);
    }
    // when its hash is taken from where it is
    long recovered = geometry.hashOf(geometry.homeOf(hash) + displacement, entry);
    // then all bits that it knows are right, at least those that moving it needs
    int known = geometry.tagBase() + Entry.knownBits(entry);
    assertThat(known).isGreaterThanOrEqualTo(geometry.prefixBits() + 10);
    assertThat(recovered).isEqualTo(hash >>> -known << -known);
    assertThat(Entry.location(entry)).isEqualTo(location);
    assertThat(Entry.matches(entry, hash << geometry.tagBase())).isTrue();
  }

  @Property
  void entryMatchesExactlyTheHashesThatAgreeInItsKnownBits(
      @ForAll long hash,
      @ForAll @IntRange(min = 0, max = 30) int base,
      @ForAll @IntRange(min = 0, max = 12) int doublings,
      @ForAll @IntRange(min = 0, max = 63) int flipped) {
    long entry = Entry.fresh(hash, base, Location.MAX_GRANULE);
    for (int i = 0; i < doublings; i++) {
      entry = Entry.rebased(entry);
    }
    int nowBase = base + doublings;
    long other = hash ^ (Long.MIN_VALUE >>> flipped);
    boolean flippedIsKnown = flipped >= nowBase && flipped < nowBase + Entry.knownBits(entry);
    assertThat(Entry.knownBits(entry)).isEqualTo(Entry.FRESH_BITS - doublings);
    assertThat(Entry.matches(entry, other << nowBase)).isEqualTo(!flippedIsKnown);
  }

  @Test
  void emptySlotMatchesNothing() {
    assertThat(Entry.matches(Entry.EMPTY, 0)).isFalse();
    assertThat(Entry.matches(Entry.EMPTY, -1)).isFalse();
  }

  @Test
  void firstArrayFitsOnePage() {
    assertThat(Geometry.START.buckets() * Bucket.BYTES).isLessThanOrEqualTo(4096);
  }
}
