package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * Damaged requests in random pieces, in pooled buffers under Netty's leak detector at paranoid:
 * nothing crashes, nothing leaks, and all memory comes back.
 */
class MutatedFramesTest {
  private static final String ALPHABET = "*$:\r\n\"'\\x019 -abGET\0\t";
  private static final int MAX_REQUEST_BYTES = 1 << 20;

  private final RequestMemory memory = new RequestMemory(1 << 26);
  private final ListAppender<ILoggingEvent> leaks = new ListAppender<>();
  private final Logger detector =
      (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class.getName());

  @BeforeEach
  void listen() {
    assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
    leaks.start();
    detector.addAppender(leaks);
  }

  @AfterEach
  void stopListening() {
    detector.detachAppender(leaks);
  }

  @Test
  void aFewFrames() throws Exception {
    feed(30_000);
  }

  @Test
  @Tag("long")
  void aMillionFrames() throws Exception {
    feed(1_000_000);
  }

  private void feed(int wanted) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("MutatedFramesTest -Dseed=" + seed);
    Random random = new Random(seed);
    feedStreams(random, wanted / 10); // the pools grow to what they need
    long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
    int refused = feedStreams(random, wanted);

    assertThat(refused).as("streams that ended with an error").isPositive();
    assertThat(memory.usedBytes()).as("request memory").isZero();
    collectGarbage();
    assertThat(leaks.list).isEmpty();
    assertThat(PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before)
        .as("growth of the buffer pools in bytes")
        .isLessThan(32L << 20);
  }

  /** Returns how many streams the decoder gave up. */
  private int feedStreams(Random random, int wanted) {
    int refused = 0;
    int frames = 0;
    while (frames < wanted) {
      int count = 1 + random.nextInt(30);
      frames += count;
      refused += feedStream(random, count) ? 0 : 1;
    }
    return refused;
  }

  /** Feeds one connection's frames and returns whether its decoder would go on. */
  private boolean feedStream(Random random, int frames) {
    RespDecoder decoder = new RespDecoder(MAX_REQUEST_BYTES, MAX_REQUEST_BYTES, memory);
    RequestBatch batch = new RequestBatch();
    ByteBuf stream = PooledByteBufAllocator.DEFAULT.directBuffer();
    try {
      for (int i = 0; i < frames; i++) {
        writeMutated(stream, random);
      }
      while (stream.isReadable()) {
        int piece = Math.min(stream.readableBytes(), 1 + random.nextInt(200));
        ByteBuf in = stream.readRetainedSlice(piece);
        try {
          decoder.append(in, batch);
        } finally {
          in.release();
        }
        do {
          decoder.decode(batch, 1 + random.nextInt(64), random.nextInt(8) != 0);
          touch(batch);
        } while (batch.commands() > 0);
      }
      return decoder.failure() == null;
    } finally {
      stream.release();
      decoder.release();
    }
  }

  /** Looks at every argument, so that one outside of the bytes that arrived is found. */
  private static void touch(RequestBatch batch) {
    Request request = new Request(batch);
    for (int command = 0; command < batch.commands(); command++) {
      request.at(command);
      for (int i = 0; i < request.size(); i++) {
        assertThat(request.bytes(i)).hasSize(request.length(i));
      }
    }
  }

  private static void writeMutated(ByteBuf out, Random random) {
    byte[][] words = new byte[1 + random.nextInt(5)][];
    for (int i = 0; i < words.length; i++) {
      words[i] = new byte[random.nextInt(random.nextInt(20) == 0 ? 3_000 : 20)];
      random.nextBytes(words[i]);
    }
    byte[] frame = RawClient.frame(words);
    for (int mutations = random.nextInt(3); mutations > 0; mutations--) {
      frame[random.nextInt(frame.length)] =
          random.nextBoolean()
              ? (byte) ALPHABET.charAt(random.nextInt(ALPHABET.length()))
              : (byte) random.nextInt(256);
    }
    out.writeBytes(frame, 0, random.nextInt(50) == 0 ? random.nextInt(frame.length) : frame.length);
  }

  private static void collectGarbage() throws InterruptedException {
    for (int i = 0; i < 10; i++) {
      System.gc();
      Thread.sleep(10);
      PooledByteBufAllocator.DEFAULT.directBuffer(64).release();
    }
  }
}
