import Glibc
import SystemCalls

/// Creates new generations, one writer at a time.
struct StoreWriter {
  private let folder: String

  init(_ folder: String) {
    self.folder = folder
  }

  func update<Result>(_ body: (inout StoreTransaction) throws -> Result) throws -> Result {
    if try StorePermissions.openStore(folder) == nil { try make() }
    guard let store = try StorePermissions.openStore(folder) else {
      throw StoreError.system(SystemError("open", folder, code: ENOENT))
    }
    let lock = try systemCall { () throws(SystemError) in try FileLock.wait(store.path(of: Self.lockName)) }
    defer { lock.descriptor.close() }
    var transaction = StoreTransaction(before: try StoreReader(folder).snapshot())
    let result = try body(&transaction)
    if transaction.isEmpty {
      // A writer that was killed may have left the generation it replaced, with keys that were to be removed.
      try? removeOthers(than: try currentGeneration(in: store), in: store)
    } else {
      try Self.checkLimits(transaction, folder)
      try commit(transaction, in: store)
    }
    return result
  }

  /// Creates the empty store; others may pass through the folders above it.
  private func make() throws(StoreError) {
    try systemCall { () throws(SystemError) in
      try Folder.make(Path.folder(of: folder), mode: 0o755)
      try Folder.make(folder, mode: 0o700)
      try DurableFile.synchronizeFolder(of: folder)
    }
  }

  private func commit(_ transaction: StoreTransaction, in store: FolderHandle) throws(StoreError) {
    let old = try currentGeneration(in: store)
    try removeOthers(than: old, in: store)
    let name = "\(generationPrefix)\((old.flatMap(generationNumber) ?? 0) + 1)"
    do throws(StoreError) {
      try systemCall { () throws(SystemError) in
        try write(
          transaction, as: name, old: try old.map { name throws(SystemError) in try store.folder(name) }, in: store)
        try swap(to: name, in: store)
      }
    } catch {
      // Nothing points to it; if even this fails, the next writer removes it.
      if (try? currentGeneration(in: store)) != name { try? store.removeTree(name) }
      throw error
    }
    // The change is complete and durable; leftovers do not undo it.
    try? removeOthers(than: name, in: store)
  }

  /// Writes the complete new generation; it is on disk when this returns.
  private func write(
    _ transaction: StoreTransaction, as name: String, old: FolderHandle?, in store: FolderHandle
  ) throws(SystemError) {
    let generation = try store.makeFolder(name)
    for kind in StoreKind.allCases {
      let files = try generation.makeFolder(kind.rawValue)
      if let old { try linkKept(transaction, kind, from: try old.folder(kind.rawValue), into: files) }
      for (object, body) in transaction.additions where object.kind == kind {
        try files.write(fileName(object.thumbprint), body, mode: kind == .keys ? 0o600 : 0o644)
      }
      try files.synchronize()
    }
    try generation.synchronize()
    try store.synchronize()
  }

  private func linkKept(
    _ transaction: StoreTransaction, _ kind: StoreKind, from old: FolderHandle, into new: FolderHandle
  ) throws(SystemError) {
    let removed = Set(transaction.removals.filter { $0.kind == kind }.map { fileName($0.thumbprint) })
    for file in try old.names() where !removed.contains(file) { try old.link(file, into: new) }
  }

  private func swap(to name: String, in store: FolderHandle) throws(SystemError) {
    let raw = store.descriptor.raw
    if unlinkat(raw, Self.newLinkName, 0) != 0, errno != ENOENT {
      throw SystemError.last("unlink", store.path(of: Self.newLinkName))
    }
    try checked("symlink", store.path(of: Self.newLinkName)) { symlinkat(name, raw, Self.newLinkName) }
    try checked("rename", store.path(of: currentName)) { renameat(raw, Self.newLinkName, raw, currentName) }
    try store.synchronize()
  }

  /// Removes all other generations: replaced ones, and those of writers that were killed.
  private func removeOthers(than kept: String?, in store: FolderHandle) throws(StoreError) {
    try systemCall { () throws(SystemError) in
      for name in try store.names() where name != kept {
        if generationNumber(name) != nil { try store.removeTree(name) }
        if name == Self.newLinkName { unlinkat(store.descriptor.raw, name, 0) }
      }
    }
  }

  private static let lockName = ".lock"
  private static let newLinkName = ".\(currentName).new"
}

extension StoreWriter {
  /// Throws if the store would hold more than `StoreLimits` after the transaction.
  static func checkLimits(_ transaction: StoreTransaction, _ folder: String) throws(StoreError) {
    let before = transaction.before
    let counts: [StoreKind: Int] = [
      .certificates: before.certificates.count, .keys: before.keys.count, .roots: before.roots.count,
      .revocationLists: before.revocationLists.count,
    ]
    for kind in StoreKind.allCases {
      let added = transaction.additions.filter { $0.key.kind == kind }
      let count = counts[kind, default: 0] + added.count - transaction.removals.filter { $0.kind == kind }.count
      if count > StoreLimits.objects, !added.isEmpty {
        throw .full(path: folder, fact: "would hold \(count) \(kind.rawValue); the maximum is \(StoreLimits.objects)")
      }
      if let large = added.values.map(\.count).max(), large > StoreLimits.bytes(of: kind) {
        throw .full(
          path: folder,
          fact: "one of the \(kind.rawValue) has \(large) bytes; the maximum is \(StoreLimits.bytes(of: kind))")
      }
    }
    let kept = (before.certificates + before.roots + before.revocationLists).reduce(0) { $0 + $1.pem.count }
    let added = transaction.additions.filter { $0.key.kind != .keys }.reduce(0) { $0 + $1.value.count }
    if added > 0, kept + added > StoreLimits.totalBytes {
      throw .full(
        path: folder,
        fact: "would hold \(kept + added) bytes; the maximum is \(StoreLimits.totalBytes); remove what is not needed")
    }
  }
}
