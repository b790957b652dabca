import Glibc
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

  /// The maximum size of everything but revocation lists in a file, in bytes. A chain of eight certificates with its key is 20 KiB.
  public static let maximumBytes = 1 << 20
  /// The maximum size of a file with revocation lists, in bytes: some 250,000 entries.
  public static let maximumBytesWithLists = 16 << 20
  /// The maximum number of PEM blocks in a file.
  public static let maximumBlocks = 256
  /// The maximum number of PEM blocks with the same key.
  static let maximumKeys = 4

  /// Reads the contents of a file: PEM, PKCS#12, PKCS#7, or one certificate or revocation list in DER.
  ///
  /// - Parameter password: called at most once, and only if the key or the container needs a password; returns `nil` if there is none. Its
  ///   errors are rethrown.
  /// - Throws: `ImportRefusal`, or what `password` throws.
  public init(_ contents: SecretBytes, password: () throws -> SecretBytes?) throws {
    try Self.checkSize(contents, limit: Self.maximumBytesWithLists)
    let parts =
      Self.isPEM(contents) ? try BundleParts(pem: contents, password) : try BundleParts(der: contents, password)
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
    try checkSize(contents, limit: maximumBytes)
    let parts = isPEM(contents) ? try BundleParts(publicPEM: contents) : try BundleParts(der: contents, password)
    if parts.certificates.isEmpty { throw ImportRefusal.noCertificate }
    return parts.certificates
  }

  static func checkSize(_ contents: SecretBytes, limit: Int) throws(ImportRefusal) {
    if contents.count == 0 { throw .empty }
    if contents.count > limit { throw .tooLarge(limit: limit) }
  }

  private static func isPEM(_ contents: SecretBytes) -> Bool {
    let word = Array("-----BEGIN ".utf8)
    return contents.withUnsafeBytes { bytes in
      guard var rest = bytes.baseAddress else { return false }
      let end = rest + bytes.count
      while end - rest >= word.count, let hyphen = memchr(rest, Int32(word[0]), end - rest - word.count + 1) {
        if memcmp(hyphen, word, word.count) == 0 { return true }
        rest = UnsafeRawPointer(hyphen) + 1
      }
      return false
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
    try readKeys(keys, password)
  }

  /// Files that were put together from others may have the same key in several forms.
  private mutating func readKeys(_ blocks: [PEMBlock], _ password: () throws -> SecretBytes?) throws {
    let several = ImportRefusal.severalKeys(lines: blocks.map(\.line))
    if blocks.count > Bundle.maximumKeys { throw several }
    wasKeyEncrypted = blocks.allSatisfy(\.isEncrypted)
    for block in blocks where !block.isEncrypted { try take(block, nil, several) }
    let encrypted = blocks.filter(\.isEncrypted)
    if encrypted.isEmpty { return }
    let given = try password()
    for block in encrypted { try take(block, given, several) }
  }

  private mutating func take(_ block: PEMBlock, _ password: SecretBytes?, _ several: ImportRefusal) throws {
    let read: PrivateKey
    do throws(PrivateKeyError) { read = try PrivateKey(pem: block, password: password) } catch {
      throw ImportRefusal(error, line: block.line)
    }
    if let key, !read.isSame(as: key) { throw several }
    key = read
  }

  private static func blocks(_ contents: SecretBytes) throws(ImportRefusal) -> [PEMBlock] {
    let blocks: [PEMBlock]
    do throws(PEMError) { blocks = try PEMBlock.all(in: contents, limit: Bundle.maximumBlocks) } catch {
      throw .damaged("\(error)")
    }
    let lists = blocks.filter { $0.kind == .revocationList }.reduce(0) { $0 + $1.text.count }
    if contents.count - lists > Bundle.maximumBytes { throw .tooLarge(limit: Bundle.maximumBytes) }
    return blocks
  }

  private mutating func addPublic(_ block: PEMBlock) throws {
    do throws(OpenSSLError) {
      switch block.kind {
      case .certificate: try addCertificate(block)
      case .revocationList: revocationLists.append(try RevocationList(pem: block))
      case .message: add(try CertificatesMessage.contents(inPEM: block))
      case .privateKey: break
      case .other: otherLabels.append(block.label)
      }
    } catch {
      throw ImportRefusal.damaged("line \(block.line): \(block.label.lowercased()) is damaged: \(error.reason)")
    }
  }

  /// Windows CAs answer with a PKCS#7 message under the label of a certificate.
  private mutating func addCertificate(_ block: PEMBlock) throws(OpenSSLError) {
    do throws(OpenSSLError) { certificates.append(try Certificate(pem: block)) } catch {
      guard let message = try? CertificatesMessage.contents(inPEM: block) else { throw error }
      add(message)
    }
  }

  private mutating func add(_ message: CertificatesMessage.Contents) {
    certificates += message.certificates
    revocationLists += message.revocationLists
  }

  init(der contents: SecretBytes, _ password: () throws -> SecretBytes?) throws {
    if let list = contents.withUnsafeBytes({ try? RevocationList(der: $0) }) {
      revocationLists = [list]
      return
    }
    try Bundle.checkSize(contents, limit: Bundle.maximumBytes)
    if contents.withUnsafeBytes({ PKCS12.isContainer($0) }) {
      try readContainer(contents, password)
    } else if let certificate = contents.withUnsafeBytes({ try? Certificate(der: $0) }) {
      certificates = [certificate]
    } else if let message = contents.withUnsafeBytes({ try? CertificatesMessage.contents(inDER: Array($0)) }) {
      add(message)
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
