import COpenSSL
import Glibc

/// The OpenSSL library of this process.
public enum OpenSSLLibrary {
  /// The version of the library in use, for example `OpenSSL 3.0.19 27 Jan 2026`.
  public static var version: String { String(cString: OpenSSL_version(OPENSSL_VERSION)) }

  /// Removes OpenSSL's variables from the environment, then reads the system's configuration.
  ///
  /// With these variables a user could make OpenSSL load configuration or code of his own.
  ///
  /// Call this before anything else in this module and before the process has other threads (environ(7) is shared).
  public static func ignoreEnvironment() {
    for name in variables { unsetenv(name) }
    OPENSSL_init_crypto(UInt64(OPENSSL_INIT_LOAD_CONFIG), nil)
  }

  private static let variables = [
    "OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_MODULES", "OPENSSL_ENGINES", "OPENSSL_TRACE", "CTLOG_FILE",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "RANDFILE", "SSLKEYLOGFILE", "QLOGDIR",
  ]
}
