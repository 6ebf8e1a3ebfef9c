package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Netty's leak detector at its strictest, over connections that end in every way they can. */
class BufferLeakTest {
  private static final int CONNECTIONS = 300;

  @TempDir Path directory;
  private final ListAppender<ILoggingEvent> reports = new ListAppender<>();
  private final Logger detector =
      (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class.getName());

  @BeforeEach
  void listen() {
    assertThat(ResourceLeakDetector.getLevel()).isEqualTo(ResourceLeakDetector.Level.PARANOID);
    reports.start();
    detector.addAppender(reports);
    // The leak on purpose below is not to alarm who reads the log.
    detector.setAdditive(false);
  }

  @AfterEach
  void stopListening() {
    detector.detachAppender(reports);
    detector.setAdditive(true);
  }

  @Test
  void randomConnectionsLeakNoBuffer() throws Exception {
    long seed = System.nanoTime();
    System.out.println("BufferLeakTest seed " + seed);
    Random random = new Random(seed);
    try (ServerFixture fixture = ServerFixture.inMemory(directory)) {
      fixture.memory().slowReads.release(1_000_000);
      for (int i = 0; i < CONNECTIONS; i++) {
        try (RawClient client = fixture.raw()) {
          client.socket.setSoTimeout(2_000);
          converse(client, random);
        } catch (IOException e) {
          assertThat(e).hasMessageMatching("(?s).*(reset|pipe|ended|abort|closed).*");
        }
      }
      try (RawClient client = fixture.raw()) {
        assertThat(client.send("PING\r\n").line()).isEqualTo("+PONG");
      }
    }

    collectGarbage();
    assertThat(reports.list).isEmpty();
  }

  @Test
  void theDetectorIsAwake() throws Exception {
    leakOne();

    collectGarbage();
    assertThat(reports.list).isNotEmpty();
    assertThat(reports.list.getFirst().getFormattedMessage()).contains("LEAK: ByteBuf.release()");
  }

  private static void converse(RawClient client, Random random) throws IOException {
    int requests = 1 + random.nextInt(30);
    for (int i = 0; i < requests; i++) {
      byte[] request =
          switch (random.nextInt(7)) {
            case 0 -> RawClient.frame("SET", "k", "x".repeat(random.nextInt(100_000)));
            case 1 -> RawClient.frame("GET", "slow:k");
            case 2 -> RawClient.frame("MGET", "k", "k", "none", "k");
            case 3 -> RawClient.frame("NOPE");
            default -> RawClient.frame("GET", "k");
          };
      if (random.nextInt(40) == 0) {
        request[random.nextInt(request.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(40) == 0) {
        request = Arrays.copyOf(request, random.nextInt(request.length));
      }
      client.send(request);
    }
    switch (random.nextInt(4)) {
      case 0 -> client.socket.setSoLinger(true, 0);
      case 1 -> {
        client.socket.shutdownOutput();
        client.rest();
      }
      case 2 -> client.send("QUIT\r\n");
      default -> {
        // Close in an orderly way, with replies unread.
      }
    }
  }

  private static void leakOne() {
    ByteBuf leaked = PooledByteBufAllocator.DEFAULT.directBuffer(64);
    assertThat(leaked.isReadable()).isFalse();
  }

  /** Makes the detector look at what was not released: it does when buffers are allocated. */
  private static void collectGarbage() throws InterruptedException {
    for (int i = 0; i < 20; i++) {
      System.gc();
      Thread.sleep(10);
      PooledByteBufAllocator.DEFAULT.directBuffer(64).release();
    }
  }
}
