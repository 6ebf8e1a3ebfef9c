package dev.emberkv.compaction;

import java.util.Arrays;
import java.util.Random;

/** A record as a test remembers it; equal when all of it is, the bytes included. */
@SuppressWarnings("ArrayRecordComponent") // equals, hashCode and toString look into it
record Rec(int kind, int table, long key, long sequence, int time, byte[] payload) {
  static Rec random(Random random, long sequence, int payloadBytes) {
    int kind = 1 + random.nextInt(RecordFormat.MAX_KIND);
    byte[] payload =
        new byte[SegmentContents.isData(kind) ? Math.max(1, payloadBytes) : payloadBytes];
    random.nextBytes(payload);
    return new Rec(
        kind | flag(random),
        random.nextInt(1 << 16),
        random.nextLong(),
        sequence,
        random.nextInt(),
        payload);
  }

  private static int flag(Random random) {
    return random.nextInt(4) == 0 ? RecordFormat.COMMITTED : 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Rec that
        && kind == that.kind
        && table == that.table
        && key == that.key
        && sequence == that.sequence
        && time == that.time
        && Arrays.equals(payload, that.payload);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(key) * 31 + Arrays.hashCode(payload);
  }

  @Override
  public String toString() {
    return "Rec[kind=%d table=%d key=%x sequence=%d time=%d payload=%d bytes]"
        .formatted(kind, table, key, sequence, time, payload.length);
  }
}
