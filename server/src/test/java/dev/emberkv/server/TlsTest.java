package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.server.TlsOptions.ClientCertificate;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.protocol.ProtocolVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;

/** A stock client over TLS, with RESP3 and with certificates. */
@SuppressWarnings("NullAway") // Set up before all tests.
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir static Path directory;
  private static KeyStore server;
  private static KeyStore client;

  @BeforeAll
  static void makeCertificates() throws Exception {
    server = certificate("server");
    client = certificate("client");
  }

  private static KeyStore certificate(String name) throws Exception {
    Path store = directory.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=IP:127.0.0.1,DNS:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    writePem(name + ".crt", "CERTIFICATE", keys.getCertificate(name).getEncoded());
    writePem(name + ".key", "PRIVATE KEY", keys.getKey(name, PASSWORD).getEncoded());
    return keys;
  }

  private static void writePem(String file, String what, byte[] bytes) throws IOException {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    Files.writeString(
        directory.resolve(file),
        "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n");
  }

  private static ServerFixture start(String name, ClientCertificate wanted) throws IOException {
    Path authority = wanted == ClientCertificate.NONE ? null : directory.resolve("client.crt");
    TlsOptions tls =
        new TlsOptions(
            directory.resolve("server.crt"), directory.resolve("server.key"), authority, wanted);
    return ServerFixture.open(directory.resolve(name), ServerFixture.options().withTls(tls));
  }

  private static SSLSocketFactory sockets(@Nullable KeyStore own) throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", server.getCertificate("server"));
    trust.init(trusted);
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context.getSocketFactory();
  }

  @SuppressWarnings("deprecation") // The newer way wants key stores in files.
  private static Jedis connect(ServerFixture fixture, @Nullable KeyStore own) throws Exception {
    return new Jedis(
        new HostAndPort("127.0.0.1", fixture.server.port()),
        DefaultJedisClientConfig.builder()
            .ssl(true)
            .sslSocketFactory(sockets(own))
            .protocol(RedisProtocol.RESP3)
            .build());
  }

  @Test
  void valuesOfAllSizesGoThroughAPipeline() throws Exception {
    try (ServerFixture fixture = start("plain", ClientCertificate.NONE);
        Jedis jedis = connect(fixture, null);
        Pipeline pipeline = jedis.pipelined()) {
      for (int i = 0; i < 200; i++) {
        pipeline.set(new byte[] {(byte) i}, new byte[i * 1000]);
      }
      var values = new ArrayList<Response<byte[]>>();
      for (int i = 0; i < 200; i++) {
        values.add(pipeline.get(new byte[] {(byte) i}));
      }
      pipeline.sync();
      for (int i = 0; i < 200; i++) {
        assertThat(values.get(i).get()).hasSize(i * 1000);
      }
      jedis.hset("hash", "f", "v");
      assertThat(jedis.hgetAll("hash")).containsEntry("f", "v");
    }
  }

  @Test
  void anotherClientShowsItsCertificateAndSpeaksResp3() throws Exception {
    SslOptions both =
        SslOptions.builder()
            .jdkSslProvider()
            .trustManager(directory.resolve("server.crt").toFile())
            .keyManager(
                directory.resolve("client.crt").toFile(),
                directory.resolve("client.key").toFile(),
                new char[0])
            .build();
    try (ServerFixture fixture = start("lettuce", ClientCertificate.REQUIRED)) {
      RedisURI address =
          RedisURI.builder()
              .withHost("127.0.0.1")
              .withPort(fixture.server.port())
              .withSsl(true)
              .build();
      ClientOptions options =
          ClientOptions.builder().sslOptions(both).protocolVersion(ProtocolVersion.RESP3).build();
      try (LettuceTest.Client lettuce = LettuceTest.Client.connect(address, options)) {
        assertThat(lettuce.sync().hset("hash", "f", "v")).isTrue();
        assertThat(lettuce.sync().hgetall("hash")).containsEntry("f", "v");
      }
      ClientOptions nobody =
          ClientOptions.builder()
              .sslOptions(
                  SslOptions.builder()
                      .jdkSslProvider()
                      .trustManager(directory.resolve("server.crt").toFile())
                      .build())
              .build();
      assertThatThrownBy(() -> LettuceTest.Client.connect(address, nobody).close())
          .isInstanceOf(RedisConnectionException.class);
    }
  }

  @Test
  void whoHasNoRightCertificateIsTurnedAway() throws Exception {
    try (ServerFixture fixture = start("strict", ClientCertificate.REQUIRED)) {
      try (Jedis known = connect(fixture, client)) {
        assertThat(known.ping()).isEqualTo("PONG");
      }
      assertThatThrownBy(() -> connect(fixture, null).ping()).isInstanceOf(RuntimeException.class);
      assertThatThrownBy(() -> connect(fixture, server).ping())
          .isInstanceOf(RuntimeException.class);
      assertThatThrownBy(() -> fixture.jedis().ping()).isInstanceOf(RuntimeException.class);
    }
  }
}
