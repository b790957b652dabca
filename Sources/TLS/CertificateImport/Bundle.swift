import OpenSSL
import SystemCalls
import Values

/// The contents of a file to import, sorted by kind but not yet checked.
public struct Bundle: Sendable {
  /// The certificates in the order of the file, without duplicates.
  public let certificates: [Certificate]
  /// The private key, decrypted.
  public let key: PrivateKey?
  /// Whether the key was unencrypted in the file.
  public let isKeyUnprotected: Bool
  /// The revocation lists, without duplicates.
  public let revocationLists: [RevocationList]

  /// The maximum size of a file, in bytes. A chain of eight certificates with its key is 20 KiB.
  public static let maximumBytes = 1 << 20
  /// The maximum number of PEM blocks in a file.
  public static let maximumBlocks = 256

  /// Reads the contents of a file: PEM, PKCS#12, or one certificate or revocation list in DER.
  ///
  /// - Parameter password: called at most once, and only if the key or the container needs a password; returns `nil` if there is none. Its
  ///   errors are rethrown.
  /// - Throws: `ImportRefusal`, or what `password` throws.
  public init(_ contents: SecretBytes, password: () throws -> SecretBytes?) throws {
    try Self.checkSize(contents)
    let isPEM = contents.withUnsafeBytes { Self.contains($0, Array("-----BEGIN ".utf8)) }
    let parts = isPEM ? try BundleParts(pem: contents, password) : try BundleParts(der: contents, password)
    certificates = parts.certificates.withoutRepetition(of: \.sha256Thumbprint)
    revocationLists = parts.revocationLists.withoutRepetition(of: \.sha256Thumbprint)
    key = parts.key
    isKeyUnprotected = parts.key != nil && !parts.wasKeyEncrypted
    if certificates.isEmpty, revocationLists.isEmpty {
      throw key == nil ? ImportRefusal.nothingOfUse(parts.otherLabels) : .keyAlone
    }
  }

  /// Returns the certificates of a file in its order; a private key in PEM is not decrypted, and its password is not requested.
  ///
  /// - Returns: at least one.
  /// - Throws: `ImportRefusal`, or what `password` throws.
  public static func certificates(in contents: SecretBytes, password: () throws -> SecretBytes?) throws -> [Certificate]
  {
    try checkSize(contents)
    let isPEM = contents.withUnsafeBytes { Self.contains($0, Array("-----BEGIN ".utf8)) }
    let parts = isPEM ? try BundleParts(publicPEM: contents) : try BundleParts(der: contents, password)
    if parts.certificates.isEmpty { throw ImportRefusal.noCertificate }
    return parts.certificates
  }

  private static func checkSize(_ contents: SecretBytes) throws(ImportRefusal) {
    if contents.count == 0 { throw .empty }
    if contents.count > maximumBytes { throw .tooLarge(limit: maximumBytes) }
  }

  private static func contains(_ bytes: UnsafeRawBufferPointer, _ word: [UInt8]) -> Bool {
    guard bytes.count >= word.count else { return false }
    return (0...(bytes.count - word.count)).contains { start in
      bytes[start] == word[0] && bytes[start..<(start + word.count)].elementsEqual(word)
    }
  }
}

/// The parts of a file, in its order.
struct BundleParts {
  private(set) var certificates: [Certificate] = []
  private(set) var revocationLists: [RevocationList] = []
  private(set) var key: PrivateKey?
  private(set) var wasKeyEncrypted = false
  /// The labels of PEM blocks that are neither certificate, key nor revocation list.
  private(set) var otherLabels: [String] = []

  /// Reads everything but the keys of a PEM file.
  init(publicPEM contents: SecretBytes) throws {
    for block in try Self.blocks(contents) where block.kind != .privateKey { try addPublic(block) }
  }

  init(pem contents: SecretBytes, _ password: () throws -> SecretBytes?) throws {
    let blocks = try Self.blocks(contents)
    // The key comes last, so that nobody types a password for a file that is refused anyway.
    for block in blocks where block.kind != .privateKey { try addPublic(block) }
    let keys = blocks.filter { $0.kind == .privateKey }
    if !keys.isEmpty, certificates.isEmpty, revocationLists.isEmpty { throw ImportRefusal.keyAlone }
    if keys.count > 1 { throw ImportRefusal.severalKeys(lines: keys.map(\.line)) }
    guard let block = keys.first else { return }
    wasKeyEncrypted = block.isEncrypted
    do {
      key = try PrivateKey(pem: block, password: block.isEncrypted ? try password() : nil)
    } catch let error as PrivateKeyError {
      throw ImportRefusal(error, line: block.line)
    }
  }

  private static func blocks(_ contents: SecretBytes) throws(ImportRefusal) -> [PEMBlock] {
    do throws(PEMError) { return try PEMBlock.all(in: contents, limit: Bundle.maximumBlocks) } catch {
      throw .damaged("\(error)")
    }
  }

  private mutating func addPublic(_ block: PEMBlock) throws {
    do throws(OpenSSLError) {
      switch block.kind {
      case .certificate: certificates.append(try Certificate(pem: block))
      case .revocationList: revocationLists.append(try RevocationList(pem: block))
      case .privateKey: break
      case .other: otherLabels.append(block.label)
      }
    } catch {
      throw ImportRefusal.damaged("line \(block.line): \(block.label.lowercased()) is damaged: \(error.reason)")
    }
  }

  init(der contents: SecretBytes, _ password: () throws -> SecretBytes?) throws {
    if contents.withUnsafeBytes({ PKCS12.isContainer($0) }) {
      try readContainer(contents, password)
    } else if let certificate = contents.withUnsafeBytes({ try? Certificate(der: $0) }) {
      certificates = [certificate]
    } else if let list = contents.withUnsafeBytes({ try? RevocationList(der: $0) }) {
      revocationLists = [list]
    } else {
      throw ImportRefusal.unknownForm
    }
  }

  private mutating func readContainer(_ contents: SecretBytes, _ password: () throws -> SecretBytes?) throws {
    let container: PKCS12
    do throws(PKCS12Error) {
      container = try contents.withUnsafeBytes { bytes throws(PKCS12Error) in try PKCS12(der: bytes) }
    } catch .passwordNeeded {
      let given = try password()
      do throws(PKCS12Error) {
        container = try contents.withUnsafeBytes { bytes throws(PKCS12Error) in
          try PKCS12(der: bytes, password: given)
        }
      } catch {
        throw ImportRefusal(error)
      }
      wasKeyEncrypted = true
    } catch {
      throw ImportRefusal(error)
    }
    certificates = container.certificates
    key = container.key
  }
}

extension Array {
  fileprivate func withoutRepetition(of name: (Element) -> Thumbprint) -> [Element] {
    var seen: Set<Thumbprint> = []
    return filter { seen.insert(name($0)).inserted }
  }
}
