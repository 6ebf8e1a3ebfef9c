package dev.emberkv.index;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lmdbjava.ByteArrayProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;

class CatalogTest {
  @TempDir private Path directory;

  @Test
  void newStoresDifferInIdentityAndSeed() {
    try (Catalog one = Catalog.open(directory.resolve("one"));
        Catalog two = Catalog.open(directory.resolve("two"))) {
      assertThat(one.storeId()).isNotEqualTo(two.storeId());
      assertThat(one.hashSeed()).isNotEqualTo(two.hashSeed()).isNotEqualTo(one.storeId());
      assertThat(one.tables()).isEmpty();
    }
  }

  @Test
  void everythingIsThereAfterReopening() {
    long storeId;
    long hashSeed;
    // given a catalog with tables, one of them changed and one removed
    try (Catalog catalog = Catalog.open(directory)) {
      storeId = catalog.storeId();
      hashSeed = catalog.hashSeed();
      for (int id = 1; id <= 300; id++) {
        catalog.putTable(id, new byte[] {(byte) id});
      }
      catalog.putTable(2, new byte[100_000]);
      assertThat(catalog.removeTable(3)).isTrue();
      assertThat(catalog.removeTable(3)).isFalse();
      catalog.put(Map.of("a", "1".getBytes(UTF_8), "b", new byte[0]));
    }
    // when it is opened again
    try (Catalog catalog = Catalog.open(directory)) {
      // then it is the same
      assertThat(catalog.storeId()).isEqualTo(storeId);
      assertThat(catalog.hashSeed()).isEqualTo(hashSeed);
      assertThat(catalog.tables()).hasSize(299).doesNotContainKey(3);
      assertThat(catalog.tables().get(1)).containsExactly(1);
      assertThat(catalog.tables().get(2)).hasSize(100_000);
      assertThat(catalog.tables().firstKey()).isEqualTo(1);
      assertThat(catalog.tables().lastKey()).isEqualTo(300);
      assertThat(catalog.get("a")).isEqualTo("1".getBytes(UTF_8));
      assertThat(catalog.get("b")).isEmpty();
      assertThat(catalog.get("c")).isNull();
    }
  }

  @Test
  void unknownFormatIsRefusedWithWhatToDo() {
    Catalog.open(directory).close();
    // given a store of a later release
    byte[] key = "format".getBytes(UTF_8);
    byte[] later = ByteBuffer.allocate(4).putInt(Catalog.FORMAT + 1).array();
    edit("meta", key, CatalogRecord.encode(key, later));
    // when it is opened, then twice the same: the refusal leaves nothing locked
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> Catalog.open(directory))
          .isInstanceOf(CatalogException.class)
          .hasMessageContaining(directory.toString())
          .hasMessageContaining("has format 2 and this release reads format 1")
          .hasMessageContaining("use the release that wrote it");
    }
  }

  @Test
  void flippedBitsAreReportedAsDamage() {
    try (Catalog catalog = Catalog.open(directory)) {
      catalog.putTable(1, "definition".getBytes(UTF_8));
    }
    byte[] key = ByteBuffer.allocate(4).putInt(1).array();
    byte[] good = CatalogRecord.encode(key, "definition".getBytes(UTF_8));
    for (int bit = 0; bit < good.length * 8; bit++) {
      // given each bit of a stored value flipped in turn
      byte[] bad = good.clone();
      bad[bit / 8] ^= (byte) (1 << (bit % 8));
      edit("tables", key, bad);
      // when it is read, then it is reported, never returned
      try (Catalog catalog = Catalog.open(directory)) {
        assertThatThrownBy(catalog::tables)
            .isInstanceOf(CatalogException.class)
            .hasMessageContaining("damaged");
      }
    }
  }

  @Test
  void fileThatIsNoCatalogIsReported() throws IOException {
    Files.write(directory.resolve("catalog.mdb"), new byte[8192]);
    assertThatThrownBy(() -> Catalog.open(directory))
        .isInstanceOf(CatalogException.class)
        .hasMessageContaining(directory.toString());
  }

  @Test
  void secondOpenIsRefusedUntilTheFirstIsClosed() {
    Catalog first = Catalog.open(directory);
    assertThatThrownBy(() -> Catalog.open(directory))
        .isInstanceOf(CatalogException.class)
        .hasMessageContaining("is open already");
    first.close();
    Catalog.open(directory).close();
  }

  @Test
  void misuseIsNamed() {
    Catalog catalog = Catalog.open(directory);
    assertThatThrownBy(() -> catalog.putTable(0, new byte[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 1, not 0");
    assertThatThrownBy(() -> catalog.put("", new byte[1]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 to 511 bytes, not 0");
    assertThatThrownBy(() -> catalog.put(Map.of("fine", new byte[1], "x".repeat(512), new byte[1])))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(catalog.get("fine")).as("all or nothing").isNull();
    catalog.close();
    catalog.close();
    assertThatThrownBy(catalog::tables)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("is closed");
  }

  private void edit(String database, byte[] key, byte[] value) {
    try (Env<byte[]> env =
        Env.create(ByteArrayProxy.PROXY_BA)
            .setMapSize(1 << 30)
            .setMaxDbs(16)
            .open(directory.resolve("catalog.mdb").toFile(), EnvFlags.MDB_NOSUBDIR)) {
      Dbi<byte[]> dbi = env.openDbi(database);
      dbi.put(key, value);
    }
  }
}
