import COpenSSL
import OpenSSL
import SystemCalls

/// OpenSSL in a process that has not used it yet.
enum FreshOpenSSL {
  /// `[ignore-environment]`: prints the minimum TLS version of a fresh context.
  static func minimumVersion(_ arguments: [String]) {
    if arguments == ["ignore-environment"] { OpenSSLLibrary.ignoreEnvironment() }
    print(cssl_SSL_CTX_get_min_proto_version(SSL_CTX_new(TLS_method())))
  }

  /// `FILE PASSWORD`: reads an encrypted private key and prints what is wrong with it.
  static func readKey(_ arguments: [String]) throws {
    let blocks = try PEMBlock.all(in: DurableFile.read(arguments[0], limit: 65536))
    _ = try PrivateKey(pem: blocks[0], password: SecretBytes(copying: Array(arguments[1].utf8)))
  }
}
