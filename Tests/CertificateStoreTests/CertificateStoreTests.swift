import CertificateStore
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

/// A change of the store is atomic, and an unchanged store is not touched.
struct CertificateStoreTests {
  private let folder: TemporaryFolder
  private let store: CertificateStore

  init() throws {
    folder = try TemporaryFolder()
    store = CertificateStore(folder: folder.path("deep/store"))
  }

  private func thumbprint(_ number: Int) -> Thumbprint {
    let digits = String(number, radix: 16)
    return Thumbprint(String(repeating: "0", count: 64 - digits.count) + digits)!
  }

  private func object(_ number: Int) -> StoredObject {
    StoredObject(thumbprint: thumbprint(number), pem: Array("object \(number)\n".utf8))
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
  }

  private func add(_ numbers: Int..., key: String? = nil) throws {
    try store.update { transaction in
      for number in numbers { transaction.add(object(number), to: .certificates) }
      if let key { Array(key.utf8).withUnsafeBytes { transaction.addKey($0, of: thumbprint(numbers[0])) } }
    }
  }

  @Test func aMissingStoreIsEmptyAndIsNotMadeByReading() throws {
    #expect(try store.snapshot().isEmpty)
    #expect(access(folder.path("deep"), F_OK) != 0)
  }

  @Test func whatIsAddedIsRead() throws {
    try store.update { transaction in
      transaction.add(object(1), to: .certificates)
      transaction.add(object(2), to: .roots)
      transaction.add(object(3), to: .revocationLists)
      Array("the key".utf8).withUnsafeBytes { transaction.addKey($0, of: thumbprint(1)) }
    }
    let expected = StoreSnapshot(
      certificates: [object(1)], roots: [object(2)], revocationLists: [object(3)], keys: [thumbprint(1)])
    #expect(try store.snapshot() == expected)
    #expect(try store.openKey(thumbprint(1)).readAll(limit: 100) == Array("the key".utf8))
    #expect(mode(store.folder) == 0o700)
    #expect(mode("\(store.folder)/current/keys/\(thumbprint(1)).pem") == 0o600)
    #expect(mode("\(store.folder)/current/roots/\(thumbprint(2)).pem") == 0o644)
  }

  @Test func whatIsRemovedIsGone() throws {
    try add(1, 2, key: "secret")
    try store.update {
      $0.remove(.certificates, thumbprint(1)); $0.remove(.keys, thumbprint(1))
    }
    #expect(try store.snapshot() == StoreSnapshot(certificates: [object(2)]))
    #expect(throws: StoreError.noKey(thumbprint(1), store: store.folder)) { try store.openKey(thumbprint(1)) }
    let left = try Folder.names(in: store.folder).filter { $0.hasPrefix("generation") }
    #expect(left == ["generation-2"], "no copy of a removed key stays behind")
  }

  @Test func whatIsThereAlreadyChangesNothing() throws {
    try add(1, key: "secret")
    let before = try FolderImage(of: store.folder)
    try add(1, key: "another key under the same name")
    try store.update { $0.remove(.roots, thumbprint(9)) }
    #expect(try FolderImage(of: store.folder) == before)
  }

  @Test func aBodyThatThrowsChangesNothing() throws {
    struct Refused: Error {}
    try add(1)
    let before = try FolderImage(of: store.folder)
    #expect(throws: Refused.self) {
      try store.update { transaction in
        transaction.add(object(2), to: .roots)
        throw Refused()
      }
    }
    #expect(try FolderImage(of: store.folder) == before)
  }

  @Test func whatDoesNotChangeIsNotWrittenAgain() throws {
    try add(1, 2)
    var (before, after) = (stat(), stat())
    let path = "\(store.folder)/current/certificates/\(thumbprint(1)).pem"
    #expect(stat(path, &before) == 0)
    try add(3)
    #expect(stat(path, &after) == 0)
    #expect(before.st_ino == after.st_ino)
  }

  @Test func whatAKilledWriterLeftIsTakenAway() throws {
    try add(1)
    try Folder.make("\(store.folder)/generation-2/keys", mode: 0o700)
    try DurableFile.replace("\(store.folder)/generation-2/keys/half", with: [1], mode: 0o600)
    symlink("generation-2", "\(store.folder)/.current.new")
    #expect(try store.snapshot().certificates == [object(1)])
    try add(2)
    #expect(try store.snapshot().certificates == [object(1), object(2)])
    #expect(try Folder.names(in: store.folder) == [".lock", "current", "generation-2"])
  }

  @Test func readersNeverSeeHalfAChange() async throws {
    try add(0, 1)
    let store = store
    // Each change replaces the pair (n, n + 1) by the next: anything but a pair is a partial change.
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in stride(from: 2, to: 200, by: 2) {
          try store.update { transaction in
            for old in transaction.before.certificates { transaction.remove(.certificates, old.thumbprint) }
            transaction.add(object(number), to: .certificates)
            transaction.add(object(number + 1), to: .certificates)
          }
        }
      }
      for _ in 0..<3 {
        group.addTask {
          var seen: [StoredObject] = []
          while seen != [object(198), object(199)] {
            seen = try store.snapshot().certificates
            let numbers = seen.compactMap { Int($0.thumbprint.description, radix: 16) }
            #expect(numbers.count == 2 && numbers[0] % 2 == 0 && numbers[1] == numbers[0] + 1)
            if numbers.count != 2 { return }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func writersWaitForEachOther() async throws {
    let store = store
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<32 {
        group.addTask { try store.update { $0.add(object(number), to: .roots) } }
      }
      try await group.waitForAll()
    }
    #expect(try store.snapshot().roots == (0..<32).map(object))
  }
}
