import CertificateStore
import Glibc
import SystemCalls
import TestSupport
import Testing
import Values

/// A store that others can read or write, or that is full, is not used, and the message says how to fix it.
struct StoreRefusalTests {
  private let folder: TemporaryFolder
  private let store: CertificateStore
  private let thumbprint = Thumbprint(repeating: "ab")

  init() throws {
    folder = try TemporaryFolder()
    store = CertificateStore(folder: folder.path("store"))
    let (store, thumbprint) = (store, thumbprint)
    try store.update { transaction in
      transaction.add(StoredObject(thumbprint: thumbprint, pem: [1]), to: .certificates)
      [UInt8(2)].withUnsafeBytes { transaction.addKey($0, of: thumbprint) }
    }
  }

  private var generation: String { "\(store.folder)/generation-1" }

  @Test(arguments: [mode_t(0o640), 0o604, 0o620, 0o666])
  func aKeyThatOthersCanReadIsNotOpened(mode: mode_t) throws {
    let key = "\(generation)/keys/\(thumbprint).pem"
    chmod(key, mode)
    let expected = StoreError.insecure(
      path: key, fact: "a private key that others can read or write (mode \(String(mode, radix: 8)))",
      remedy: "chmod 600 \(key)")
    #expect(throws: expected) { try store.openKey(thumbprint) }
    #expect(
      expected.description
        == "\(key): a private key that others can read or write (mode \(String(mode, radix: 8))); "
        + "fix it with: chmod 600 \(key)")
    chmod(key, 0o600)
    #expect(throws: Never.self) { try store.openKey(thumbprint) }
  }

  @Test(arguments: [mode_t(0o770), 0o702, 0o777])
  func aFolderThatOthersCanWriteIsNotRead(mode: mode_t) throws {
    chmod(store.folder, mode)
    let expected = StoreError.insecure(
      path: store.folder, fact: "others can write to it (mode \(String(mode, radix: 8)))",
      remedy: "chmod 700 \(store.folder)")
    #expect(throws: expected) { try store.snapshot() }
    #expect(throws: expected) { try store.update { $0.remove(.certificates, thumbprint) } }
  }

  @Test func aRootThatOthersCanWriteIsNotRead() throws {
    let certificate = "\(generation)/certificates/\(thumbprint).pem"
    chmod(certificate, 0o664)
    let expected = StoreError.insecure(
      path: certificate, fact: "others can write to it (mode 664)", remedy: "chmod 644 \(certificate)")
    #expect(throws: expected) { try store.snapshot() }
  }

  @Test func aForeignFileIsNamed() throws {
    try DurableFile.replace("\(generation)/roots/root.pem", with: [1], mode: 0o644)
    let expected = StoreError.damaged(
      path: "\(generation)/roots/root.pem", fact: "is not a file of the store (<sha256>.pem); remove it")
    #expect(throws: expected) { try store.snapshot() }
  }

  @Test func aSymbolicLinkInPlaceOfAKeyIsNotFollowed() throws {
    let key = "\(generation)/keys/\(thumbprint).pem"
    try folder.write("elsewhere", "secret", mode: 0o600)
    unlink(key)
    symlink(folder.path("elsewhere"), key)
    #expect(throws: StoreError.system(SystemError("open", key, code: ELOOP))) { try store.openKey(thumbprint) }
  }

  @Test(arguments: ["../elsewhere", "/etc", "generation-1/../..", "generation-01", ""])
  func aPointerOutOfTheStoreIsNotFollowed(target: String) throws {
    unlink("\(store.folder)/current")
    symlink(target.isEmpty ? "generation-" : target, "\(store.folder)/current")
    #expect(throws: StoreError.self) { try store.snapshot() }
  }

  @Test func aFIFOInPlaceOfACertificateDoesNotHang() throws {
    let certificate = "\(generation)/certificates/\(thumbprint).pem"
    unlink(certificate)
    mkfifo(certificate, 0o644)
    let expected = StoreError.damaged(path: certificate, fact: "is not a regular file; remove it")
    #expect(throws: expected) { try store.snapshot() }
  }

  @Test func anObjectTooLargeIsNotKept() throws {
    let before = try FolderImage(of: store.folder)
    let large = StoredObject(
      thumbprint: Thumbprint(repeating: "cd"), pem: [UInt8](repeating: 0x41, count: 65537))
    let expected = StoreError.full(
      path: store.folder, fact: "one of the certificates has 65537 bytes; the maximum is 65536")
    #expect(throws: expected) { try store.update { $0.add(large, to: .certificates) } }
    #expect(try FolderImage(of: store.folder) == before)
  }

  @Test func moreObjectsThanFitAreNotKept() throws {
    #expect(throws: StoreError.full(path: store.folder, fact: "would hold 1001 roots; the maximum is 1000")) {
      try store.update { transaction in
        for number in 0...1000 {
          let digits = String(number, radix: 16)
          let name = Thumbprint(String(repeating: "0", count: 64 - digits.count) + digits)!
          transaction.add(StoredObject(thumbprint: name, pem: [1]), to: .roots)
        }
      }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "giving a folder away takes root, which CI is"))
  func aStoreOfAnotherUserIsNotUsed() throws {
    chown(store.folder, 1, 1)
    let name = try #require(getpwuid(1)).pointee.pw_name.map { String(cString: $0) }
    let expected = StoreError.otherOwner(path: store.folder, owner: 1, name: name)
    #expect(throws: expected) { try store.snapshot() }
    #expect(expected.description == "\(store.folder): belongs to user \(name ?? ""); run this as that user")
  }
}
