import Glibc
import SystemCalls
import Values

/// Reads the current generation, without a lock: a generation that is replaced while it is being read may be partly removed. `current` then
/// points elsewhere afterwards, and the new generation is read instead.
struct StoreReader {
  /// Each retry means that a complete change of the store took place during one read.
  private static let attempts = 1000

  private let folder: String

  init(_ folder: String) {
    self.folder = folder
  }

  func snapshot() throws(StoreError) -> StoreSnapshot {
    try reading(ifEmpty: StoreSnapshot()) { generation throws(StoreError) in
      var snapshot = StoreSnapshot()
      var remaining = StoreLimits.totalBytes
      snapshot.certificates = try objects(.certificates, in: generation, &remaining)
      snapshot.roots = try objects(.roots, in: generation, &remaining)
      snapshot.revocationLists = try objects(.revocationLists, in: generation, &remaining)
      snapshot.keys = Set(try thumbprints(.keys, in: generation))
      return snapshot
    }
  }

  func openKey(_ certificate: Thumbprint) throws(StoreError) -> FileDescriptor {
    let key = try reading(ifEmpty: nil) { generation throws(StoreError) -> FileDescriptor? in
      let keys = try systemCall { () throws(SystemError) in try generation.folder(StoreKind.keys.rawValue) }
      let name = fileName(certificate)
      let key: FileDescriptor
      do throws(SystemError) { key = try keys.open(name, O_RDONLY | O_NONBLOCK) } catch {
        if error.code == ENOENT { return nil }
        throw .system(error)
      }
      try StorePermissions.check(key, keys.path(of: name), .privateFile)
      return key
    }
    guard let key else { throw .noKey(certificate, store: folder) }
    return key
  }

  /// Reads the current generation with `body`, again as long as it is replaced meanwhile.
  private func reading<Result>(
    ifEmpty empty: Result, _ body: (FolderHandle) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    guard let store = try StorePermissions.openStore(folder) else { return empty }
    for _ in 0..<Self.attempts {
      guard let name = try currentGeneration(in: store) else { return empty }
      let outcome: Swift.Result<Result, StoreError>
      do throws(StoreError) {
        let generation = try systemCall { () throws(SystemError) in try store.folder(name) }
        try StorePermissions.check(generation.descriptor, generation.path, .folder)
        outcome = .success(try body(generation))
      } catch {
        outcome = .failure(error)
      }
      if try currentGeneration(in: store) == name { return try outcome.get() }
    }
    throw .damaged(path: folder, fact: "changes faster than it can be read; try again")
  }

  private func objects(
    _ kind: StoreKind, in generation: FolderHandle, _ remaining: inout Int
  ) throws(StoreError) -> [StoredObject] {
    let names = try thumbprints(kind, in: generation)
    let files = try systemCall { () throws(SystemError) in try generation.folder(kind.rawValue) }
    var objects: [StoredObject] = []
    for thumbprint in names {
      let name = fileName(thumbprint)
      let file = try systemCall { () throws(SystemError) in try files.open(name, O_RDONLY | O_NONBLOCK) }
      try StorePermissions.check(file, files.path(of: name), .publicFile)
      let limit = min(StoreLimits.bytes(of: kind), remaining)
      let pem = try systemCall { () throws(SystemError) in try file.readAll(limit: limit, files.path(of: name)) }
      remaining -= pem.count
      objects.append(StoredObject(thumbprint: thumbprint, pem: pem))
    }
    return objects
  }

  private func thumbprints(_ kind: StoreKind, in generation: FolderHandle) throws(StoreError) -> [Thumbprint] {
    let (path, names) = try systemCall { () throws(SystemError) in
      let files = try generation.folder(kind.rawValue)
      return (files.path, try files.names())
    }
    if names.count > StoreLimits.objects {
      throw .full(path: path, fact: "has \(names.count) files; the maximum is \(StoreLimits.objects)")
    }
    var thumbprints: [Thumbprint] = []
    for name in names {
      guard name.hasSuffix(fileNameSuffix), let thumbprint = Thumbprint(String(name.dropLast(fileNameSuffix.count)))
      else {
        throw .damaged(path: "\(path)/\(name)", fact: "is not a file of the store (<sha256>.pem); remove it")
      }
      thumbprints.append(thumbprint)
    }
    return thumbprints
  }
}

/// The symbolic link to the current generation.
let currentName = "current"
let generationPrefix = "generation-"
let fileNameSuffix = ".pem"

func fileName(_ thumbprint: Thumbprint) -> String { "\(thumbprint)\(fileNameSuffix)" }

/// Returns the number in a generation's name; `nil` if it is not such a name.
func generationNumber(_ name: String) -> Int? {
  guard name.hasPrefix(generationPrefix), let number = Int(name.dropFirst(generationPrefix.count)), number > 0,
    name == "\(generationPrefix)\(number)"
  else { return nil }
  return number
}

/// Returns the name of the current generation; `nil` before the first change.
func currentGeneration(in store: FolderHandle) throws(StoreError) -> String? {
  guard let name = try systemCall({ () throws(SystemError) in try store.linkTarget(currentName) }) else { return nil }
  guard generationNumber(name) != nil else {
    throw .damaged(
      path: store.path(of: currentName),
      fact: "points to \(name.debugDescription), which is not a generation of the store"
    )
  }
  return name
}

/// Converts a `SystemError` from `body` to a `StoreError`.
func systemCall<Result>(_ body: () throws(SystemError) -> Result) throws(StoreError) -> Result {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}
