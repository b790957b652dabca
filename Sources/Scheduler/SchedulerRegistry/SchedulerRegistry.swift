import AgentProtocol
import CertificateStore
import FoundationEssentials
import Glibc
import SystemCalls

/// A scheduler's home: its store of certificates and keys, and the record beside it.
public struct SchedulerRegistry: Sendable {
  /// The folder, absolute.
  public let home: String
  /// Root CAs among the roots, connector certificates among the certificates, the keys of both, the newest revocation lists.
  public let store: CertificateStore
  private var recordFile: String { "\(home)/registry.json" }

  /// The most bytes of a record that are read: some hundred thousand certificates.
  static let maximumBytes = 1 << 26

  /// The registry at `home`, which need not exist: it is then empty, and the first change makes it.
  public init(home: String) {
    self.home = home
    store = CertificateStore(folder: "\(home)/store")
  }

  /// The record at this moment.
  public func record() throws(RegistryError) -> RegistryRecord {
    guard try checkHome() else { return RegistryRecord() }
    let bytes: [UInt8]
    do throws(SystemError) { bytes = try DurableFile.read(recordFile, limit: Self.maximumBytes) } catch {
      if error.code == ENOENT { return RegistryRecord() }
      throw .system(error)
    }
    do {
      let record = try JSONDecoder().decode(RegistryRecord.self, from: Data(bytes))
      guard record.form == RegistryRecord.form else {
        throw RegistryError.damaged(
          path: recordFile, fact: "was written by a newer scheduler-register (form \(record.form))")
      }
      return record
    } catch let error as RegistryError {
      throw error
    } catch let error as DecodingError {
      throw .damaged(path: recordFile, fact: "cannot be read: \(error.explanation)")
    } catch {
      throw .damaged(path: recordFile, fact: "cannot be read")
    }
  }

  /// Changes record and store: waits for other writers, lets `body` say what to change, and writes both durably. A body
  /// that throws leaves everything as it was.
  ///
  /// The store's change is written first: a crash between the two leaves a certificate that nothing points at.
  public func update<Result>(
    _ body: (inout RegistryRecord, inout StoreTransaction) throws -> Result
  ) throws -> Result {
    let isNew = try make()
    do {
      let lock = try system { () throws(SystemError) in try FileLock.wait(lockFile) }
      defer { lock.descriptor.close() }
      let before = try record()
      var after = before
      let result = try store.update { try body(&after, &$0) }
      if after != before { try write(after) }
      return result
    } catch {
      if isNew { removeEmpty() }
      throw error
    }
  }

  private var lockFile: String { "\(home)/.lock" }

  /// Takes away what a first change made that then failed. Whatever holds anything stays.
  private func removeEmpty() {
    for lock in ["\(store.folder)/.lock", lockFile] { unlink(lock) }
    for folder in [store.folder, home] { rmdir(folder) }
  }

  private func write(_ record: RegistryRecord) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let bytes = Array(try encoder.encode(record)) + [UInt8(ascii: "\n")]
    try system { () throws(SystemError) in try DurableFile.replace(recordFile, with: bytes, mode: 0o600) }
  }

  /// - Returns: whether it was not there.
  private func make() throws(RegistryError) -> Bool {
    if try checkHome() { return false }
    try system { () throws(SystemError) in
      try Folder.make(Path.folder(of: home), mode: 0o755)
      try Folder.make(home, mode: 0o700)
      try DurableFile.synchronizeFolder(of: home)
    }
    return true
  }

  /// Whether the home is there. Refuses one of another user's, and one that others can write to: they could have their own
  /// root CA become the default.
  private func checkHome() throws(RegistryError) -> Bool {
    var status = stat()
    if stat(home, &status) != 0 {
      if errno == ENOENT { return false }
      throw .system(.last("stat", home))
    }
    if status.st_uid != geteuid() { throw .otherOwner(path: home, owner: status.st_uid) }
    if status.st_mode & 0o022 != 0 { throw .insecure(path: home, remedy: "chmod 700 \(home)") }
    return true
  }

  private func system<Result>(_ body: () throws(SystemError) -> Result) throws(RegistryError) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
  }
}

/// Why the registry cannot be read or changed.
public enum RegistryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The operating system refused.
  case system(SystemError)
  /// The home belongs to another user.
  case otherOwner(path: String, owner: UInt32)
  /// Others can write to the home; `remedy` puts it right.
  case insecure(path: String, remedy: String)
  /// The record is not one.
  case damaged(path: String, fact: String)

  /// One line: path, fact, and what to do.
  public var description: String {
    switch self {
    case .system(let error): error.description
    case .otherOwner(let path, let owner):
      "\(path): belongs to user ID \(owner); run this as that user, or name another folder with -H"
    case .insecure(let path, let remedy): "\(path): others can write to it; fix it with: \(remedy)"
    case .damaged(let path, let fact): "\(path): \(fact)"
    }
  }
}
