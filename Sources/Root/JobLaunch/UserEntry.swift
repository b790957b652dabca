import Glibc

/// An entry of the host's user database, whatever its source; passwd(5).
struct UserEntry {
  let name: String
  let user: uid_t
  let group: gid_t
  let home: String
  let shell: String

  /// Looks up a user by name.
  init(_ name: String) throws(LaunchRefusal) {
    let found = try Self.find("user \(name)") { getpwnam_r(name, $0, $1, $2, $3) }
    guard let found else { throw LaunchRefusal("unknown user \(name)") }
    self = found
  }

  /// Returns the user of this process, who need not be in the database: in containers it often is not.
  static func ofThisProcess() throws(LaunchRefusal) -> UserEntry {
    let user = geteuid()
    return try find("user \(user)") { getpwuid_r(user, $0, $1, $2, $3) }
      ?? UserEntry(name: "\(user)", user: user, group: getegid(), home: "/", shell: "/bin/sh")
  }

  private init(name: String, user: uid_t, group: gid_t, home: String, shell: String) {
    self.name = name
    self.user = user
    self.group = group
    self.home = home
    self.shell = shell
  }

  private init(_ entry: passwd) {
    self.init(
      name: String(cString: entry.pw_name), user: entry.pw_uid, group: entry.pw_gid, home: Self.home(entry),
      shell: Self.text(entry.pw_shell, otherwise: "/bin/sh"))
  }

  private static func home(_ entry: passwd) -> String {
    let home = text(entry.pw_dir, otherwise: "/")
    return home.hasPrefix("/") ? home : "/"
  }

  private static func text(_ pointer: UnsafeMutablePointer<CChar>?, otherwise: String) -> String {
    guard let pointer, pointer.pointee != 0 else { return otherwise }
    return String(cString: pointer)
  }

  private static func find(
    _ subject: String,
    _ call: (
      UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
      UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32
  ) throws(LaunchRefusal) -> UserEntry? {
    var entry = passwd()
    return try NameService.look(up: subject) { buffer, count in
      var result: UnsafeMutablePointer<passwd>?
      let code = call(&entry, buffer, count, &result)
      return (code, result.map { UserEntry($0.pointee) })
    }
  }
}

/// The calling convention of getpwnam_r(3) and similar functions.
enum NameService {
  private static let largestBuffer = 1 << 20

  /// Calls a look-up function with a buffer that grows until the entry fits (ERANGE).
  ///
  /// - Returns: the entry; `nil` if there is none.
  static func look<Entry>(
    up subject: String, _ call: (UnsafeMutablePointer<CChar>, Int) -> (code: Int32, entry: Entry?)
  ) throws(LaunchRefusal) -> Entry? {
    var size = 1024
    while true {
      let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
      defer { buffer.deallocate() }
      let (code, entry) = call(buffer, size)
      switch code {
      case 0: return entry
      // Some sources of names report "not found" as an error; see getpwnam_r(3).
      case ENOENT, ESRCH, EBADF, EPERM: return nil
      case EINTR: continue
      case ERANGE where size < largestBuffer: size *= 2
      default: throw LaunchRefusal("cannot look up \(subject): \(String(cString: strerror(code)))")
      }
    }
  }
}
