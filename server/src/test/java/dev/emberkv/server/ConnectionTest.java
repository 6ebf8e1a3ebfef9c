package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What connections do to each other and to the server's memory. */
@Timeout(120)
class ConnectionTest {
  @TempDir Path directory;

  @Test
  void aReadThatWaitsHoldsUpNoOtherConnectionOfItsEventLoop() throws Exception {
    try (ServerFixture fixture = ServerFixture.inMemory(directory);
        RawClient slow = fixture.raw();
        RawClient quick = fixture.raw()) {
      slow.send("PING\r\nGET slow:a\r\nPING\r\n");
      assertThat(slow.line()).isEqualTo("+PONG");
      awaitCalls(fixture, 1);

      for (int i = 0; i < 100; i++) {
        quick.send("SET k " + i + "\r\nGET k\r\nPING\r\n");
        assertThat(quick.line()).isEqualTo("+OK");
        quick.line();
        assertThat(quick.line()).isEqualTo(String.valueOf(i));
        assertThat(quick.line()).isEqualTo("+PONG");
      }

      // Then the waiting connection's replies still come in the order of its commands.
      slow.send("ECHO late\r\n");
      fixture.memory().slowReads.release();
      assertThat(slow.line()).isEqualTo("$-1");
      assertThat(slow.line()).isEqualTo("+PONG");
      assertThat(slow.take(10)).isEqualTo("$4\r\nlate\r\n");
    }
  }

  @Test
  void aClientThatDoesNotReadIsNotReadFromUntilItDoes() throws Exception {
    try (ServerFixture fixture = ServerFixture.inMemory(directory);
        RawClient client = fixture.raw()) {
      int bytes = 100_000;
      int count = 2_000;
      client.send(RawClient.frame("SET", "big", "x".repeat(bytes)));
      assertThat(client.line()).isEqualTo("+OK");
      CompletableFuture<Void> writer =
          CompletableFuture.runAsync(() -> {
            try {
              byte[] get = RawClient.frame("GET", "big");
              for (int i = 0; i < count; i++) {
                client.send(get);
              }
              // Fills the sockets' buffers, so that sending stops when the server stops reading.
              byte[] ping = RawClient.frame("ECHO", "y".repeat(30_000));
              for (int i = 0; i < 2_000; i++) {
                client.send(ping);
              }
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });

      Thread.sleep(1_500);
      assertThat(writer).isNotDone();
      long gets = fixture.store.stats().hits();
      assertThat(gets).as("reads of 100 KB done for a client that takes none").isLessThan(400);

      for (int i = 0; i < count; i++) {
        assertThat(client.line()).isEqualTo("$" + bytes);
        assertThat(client.take(bytes + 2)).hasSize(bytes + 2);
      }
      for (int i = 0; i < 2_000; i++) {
        assertThat(client.line()).isEqualTo("$30000");
        assertThat(client.take(30_002)).hasSize(30_002);
      }
      writer.get(10, TimeUnit.SECONDS);
      assertThat(fixture.store.stats().hits()).isEqualTo(count);
    }
  }

  @Test
  void requestsOfAllClientsTogetherAreBounded() throws Exception {
    ServerOptions options = ServerFixture.options().withSizeLimits(1 << 20, 2 << 20, 4 << 20);
    try (ServerFixture fixture = ServerFixture.inMemory(directory, options);
        RawClient bystander = fixture.raw()) {
      List<RawClient> clients = new ArrayList<>();
      String refusal = "";
      String request = "*2\r\n$4\r\nECHO\r\n$1000000\r\n" + "x".repeat(900_000);
      while (refusal.isEmpty() && clients.size() < 100) {
        RawClient client = fixture.raw();
        clients.add(client);
        refusal = trySend(client, request);
      }

      assertThat(clients).hasSizeGreaterThan(5);
      assertThat(refusal).startsWith("-OOM no memory is left for requests: ");
      assertThat(pong(bystander)).isEqualTo("+PONG");
      for (RawClient client : clients) {
        client.close();
      }
      // Then the memory is free for others.
      String answer = "";
      for (int attempt = 0; attempt < 100 && !answer.equals("$1000000"); attempt++) {
        try (RawClient later = fixture.raw()) {
          answer = later.command("ECHO", "z".repeat(1_000_000)).line();
        }
      }
      assertThat(answer).isEqualTo("$1000000");
    }
  }

  /** Sends bytes and returns the error that came back meanwhile, or nothing. */
  private static String trySend(RawClient client, String part) throws IOException {
    try {
      client.send(part);
      client.socket.setSoTimeout(200);
      return client.line();
    } catch (SocketTimeoutException e) {
      return "";
    }
  }

  @Test
  void oneClientTooManyIsToldSo() throws Exception {
    ServerOptions options = ServerFixture.options().withMaxClients(2);
    try (ServerFixture fixture = ServerFixture.inMemory(directory, options)) {
      try (RawClient first = fixture.raw();
          RawClient second = fixture.raw()) {
        assertThat(pong(first)).isEqualTo("+PONG");
        assertThat(pong(second)).isEqualTo("+PONG");
        try (RawClient third = fixture.raw()) {
          assertThat(third.rest()).isEqualTo("-ERR max number of clients reached\r\n");
        }
      }
      // When the others have left there is room again.
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      String answer = "";
      while (!answer.equals("+PONG") && System.nanoTime() < deadline) {
        try (RawClient later = fixture.raw()) {
          answer = pong(later);
        }
      }
      assertThat(answer).isEqualTo("+PONG");
    }
  }

  @Test
  void protectedModeTurnsStrangersAwayAndNobodyElse() throws Exception {
    ServerOptions options = ServerFixture.options();
    InetSocketAddress stranger = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 1);
    InetSocketAddress local = new InetSocketAddress(InetAddress.ofLiteral("::1"), 1);

    Users open = new Users(null);
    assertThat(ConnectionInitializer.refusesAddress(options, open, stranger)).isTrue();
    assertThat(ConnectionInitializer.refusesAddress(options, open, local)).isFalse();
    assertThat(ConnectionInitializer.refusesAddress(options, new Users("secret"), stranger))
        .isFalse();
    assertThat(
            ConnectionInitializer.refusesAddress(options.withProtectedMode(false), open, stranger))
        .isFalse();
  }

  @Test
  void protectedModeSpeaksThroughASocket() throws Exception {
    Optional<InetAddress> address =
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(a -> !a.isLoopbackAddress() && a.getAddress().length == 4)
            .findFirst();
    Assumptions.assumeTrue(
        address.isPresent(), "this machine has no address but loopback to connect from");
    try (ServerFixture fixture =
        ServerFixture.inMemory(directory, ServerFixture.options().withBind("0.0.0.0"))) {
      InetAddress own = address.get();
      try (RawClient client = new RawClient(new Socket(own, fixture.server.port()))) {
        assertThat(client.rest()).startsWith("-DENIED EmberKV is running in protected mode");
      }
      try (RawClient client = fixture.raw()) {
        assertThat(pong(client)).isEqualTo("+PONG");
      }
    }
  }

  @Test
  void closingAnswersWhatHasArrivedAndWaitsForTheEngine() throws Exception {
    ServerFixture fixture = ServerFixture.inMemory(directory);
    try (RawClient client = fixture.raw();
        RawClient idle = fixture.raw()) {
      assertThat(pong(idle)).isEqualTo("+PONG");
      client.send("SET a 1\r\nGET slow:a\r\nGET a\r\n");
      awaitCalls(fixture, 1);

      CompletableFuture<Void> closing = CompletableFuture.runAsync(fixture.server::close);
      assertThat(idle.rest()).isEmpty();
      assertThat(closing).isNotDone();
      fixture.memory().slowReads.release();

      assertThat(client.rest()).isEqualTo("+OK\r\n$-1\r\n$1\r\n1\r\n");
      closing.get(20, TimeUnit.SECONDS);
      assertThat(fixture.memory().callsUnderWay.get()).isZero();
      fixture.server.awaitShutdown();
    } finally {
      fixture.close();
    }
  }

  @Test
  void aClientThatLeavesInTheMiddleOfAReadDoesNoHarm() throws Exception {
    try (ServerFixture fixture = ServerFixture.inMemory(directory)) {
      try (RawClient client = fixture.raw()) {
        client.send("GET slow:a\r\nGET a\r\n*3\r\n$3\r\nSET");
        awaitCalls(fixture, 1);
        client.socket.setSoLinger(true, 0);
      }
      fixture.memory().slowReads.release();

      try (RawClient other = fixture.raw()) {
        assertThat(pong(other)).isEqualTo("+PONG");
        ByteArrayOutputStream gets = new ByteArrayOutputStream();
        gets.writeBytes(RawClient.frame("GET", "a"));
        other.send(gets.toByteArray());
        assertThat(other.line()).isEqualTo("$-1");
      }
    }
  }

  @Test
  void aPortThatIsTakenIsNamed() throws Exception {
    try (ServerFixture fixture = ServerFixture.inMemory(directory)) {
      int taken = fixture.server.port();

      assertThatThrownBy(
              () -> EmberServer.start(fixture.store, ServerFixture.options().withPort(taken)))
          .isInstanceOf(IOException.class)
          .hasMessage("cannot listen on 127.0.0.1:" + taken);
    }
  }

  private static String pong(RawClient client) throws IOException {
    return client.send("PING\r\n").line();
  }

  private static void awaitCalls(ServerFixture fixture, int count) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (fixture.memory().callsUnderWay.get() < count && System.nanoTime() < deadline) {
      Thread.sleep(1);
    }
    assertThat(fixture.memory().callsUnderWay.get()).isEqualTo(count);
  }
}
