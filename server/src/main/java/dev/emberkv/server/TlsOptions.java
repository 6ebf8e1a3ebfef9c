package dev.emberkv.server;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How to speak TLS. All files are in PEM.
 *
 * @param certificate the server's certificate, with the chain behind it
 * @param key its private key, in PKCS#8
 * @param authority whose certificates clients need; null when they need none
 * @param clientCertificate whether clients have to show one
 */
public record TlsOptions(
    Path certificate, Path key, @Nullable Path authority, ClientCertificate clientCertificate) {
  /** Whether a client shows a certificate. */
  public enum ClientCertificate {
    /** It has to. */
    REQUIRED,
    /** It may, and then a right one. */
    OPTIONAL,
    /** It is not asked. */
    NONE
  }

  /** Checks that there is an authority where certificates are to be checked. */
  public TlsOptions {
    if (authority == null && clientCertificate != ClientCertificate.NONE) {
      throw new IllegalArgumentException(
          "client certificates are checked against an authority, and none is given");
    }
  }
}
