import AgentProtocol
import CertificateStore
import FoundationEssentials
import Glibc
import SystemCalls

/// The home of a scheduler: its store of certificates and keys, and its record.
public struct SchedulerRegistry: Sendable {
  /// The absolute path of the folder.
  public let home: String
  /// The store: root CAs, connector certificates, the keys of both, and the newest revocation lists.
  public let store: CertificateStore
  private var recordFile: String { "\(home)/registry.json" }

  /// The maximum size of a record, in bytes: room for some hundred thousand certificates.
  static let maximumBytes = 1 << 26

  /// Opens the registry at `home`. If it does not exist, it is empty, and the first change creates it.
  public init(home: String) {
    self.home = home
    store = CertificateStore(folder: "\(home)/store")
  }

  /// Returns the record at this moment.
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

  /// Identifies a state of the record: it differs after every change.
  public struct Version: Hashable, Sendable {
    private let file: FileIdentity
    // A later file may get the inode of an earlier one.
    private let changed: [Int]

    fileprivate init(_ status: stat) {
      file = FileIdentity(status)
      changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec, status.st_size]
    }
  }

  /// The present version of the record; nil if there is none. It costs one system call.
  public var version: Version? {
    var status = stat()
    return stat(recordFile, &status) == 0 ? Version(status) : nil
  }

  /// Changes record and store: waits for other writers, lets `body` make the changes, and writes both durably.
  ///
  /// If the body throws, nothing is changed.
  ///
  /// The store's change is written first: a crash between the two leaves a certificate that nothing refers to.
  public func update<Result>(
    _ body: (inout RegistryRecord, inout StoreTransaction) throws -> Result
  ) throws -> Result {
    let isNew = try make()
    do {
      let lock = try system { () throws(SystemError) in try FileLock.wait(lockFile) }
      defer { lock.descriptor.close() }
      let before = try record()
      var after = before
      var encoded: [UInt8]?
      let result = try store.update {
        let result = try body(&after, &$0)
        // Before the store is changed: if the record cannot be written, nothing must change.
        encoded = after == before ? nil : try encode(after)
        return result
      }
      if let encoded {
        try system { () throws(SystemError) in try DurableFile.replace(recordFile, with: encoded, mode: 0o600) }
      }
      return result
    } catch {
      if isNew { removeEmpty() }
      throw error
    }
  }

  /// Enables or disables the agents with these names.
  public func setEnabled(_ isEnabled: Bool, _ names: Set<String>) throws {
    try update { record, _ in
      for index in record.connectors.indices where names.contains(record.connectors[index].agentName) {
        record.connectors[index].isEnabled = isEnabled
      }
    }
  }

  private var lockFile: String { "\(home)/.lock" }

  /// Removes what a first change created that then failed. Anything that is not empty stays.
  private func removeEmpty() {
    for lock in ["\(store.folder)/.lock", lockFile] { unlink(lock) }
    for folder in [store.folder, home] { rmdir(folder) }
  }

  private func encode(_ record: RegistryRecord) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let bytes = Array(try encoder.encode(record)) + [UInt8(ascii: "\n")]
    if bytes.count > Self.maximumBytes {
      throw RegistryError.full(path: recordFile, bytes: bytes.count, limit: Self.maximumBytes)
    }
    return bytes
  }

  /// - Returns: whether the home did not exist.
  private func make() throws(RegistryError) -> Bool {
    if try checkHome() { return false }
    try system { () throws(SystemError) in
      try Folder.make(Path.folder(of: home), mode: 0o755)
      try Folder.make(home, mode: 0o700)
      try DurableFile.synchronizeFolder(of: home)
    }
    return true
  }

  /// Returns whether the home exists.
  ///
  /// Refuses one that belongs to another user or that others can write to: they could make their own root CA the default.
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

/// The reason why the registry cannot be read or changed.
public enum RegistryError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The operating system refused.
  case system(SystemError)
  /// The home belongs to another user.
  case otherOwner(path: String, owner: UInt32)
  /// Others can write to the home; the command `remedy` fixes that.
  case insecure(path: String, remedy: String)
  /// The record would be too long to be read.
  case full(path: String, bytes: Int, limit: Int)
  /// The record is invalid.
  case damaged(path: String, fact: String)

  /// One line: path, fact, and what to do.
  public var description: String {
    switch self {
    case .system(let error): error.description
    case .otherOwner(let path, let owner):
      "\(path): belongs to user ID \(owner); run this as that user, or name another folder with -H"
    case .insecure(let path, let remedy): "\(path): others can write to it; fix it with: \(remedy)"
    case .full(let path, let bytes, let limit):
      "\(path): would have \(bytes) bytes, and at most \(limit) are read: nothing was changed; certificates that have expired are "
        + "forgotten, what else there is too much of has to be removed"
    case .damaged(let path, let fact): "\(path): \(fact)"
    }
  }
}
