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
    if let found {
      self = found
    } else if name == "\(geteuid())", geteuid() != 0 {
      // The name under which jobs of a process without an entry are recorded.
      self = try Self.ofThisProcess()
    } else {
      throw LaunchRefusal("unknown user \(name)")
    }
  }

  /// Returns the user of this process, who need not be in the database: in containers it often is not. Its home is then the one that
  /// whoever started the process chose.
  static func ofThisProcess() throws(LaunchRefusal) -> UserEntry {
    let user = geteuid()
    if let found = try find("user \(user)", { getpwuid_r(user, $0, $1, $2, $3) }) { return found }
    let home = getenv("HOME").flatMap { String(validatingCString: $0) } ?? "/"
    return UserEntry(
      name: "\(user)", user: user, group: getegid(), home: home.utf8.first == UInt8(ascii: "/") ? home : "/",
      shell: "/bin/sh")
  }

  private init(name: String, user: uid_t, group: gid_t, home: String, shell: String) {
    self.name = name
    self.user = user
    self.group = group
    self.home = home
    self.shell = shell
  }

  private init(_ entry: passwd) throws(LaunchRefusal) {
    let name = try Self.text(entry.pw_name, otherwise: "\(entry.pw_uid)", "the name of user \(entry.pw_uid)")
    self.init(
      name: name, user: entry.pw_uid, group: entry.pw_gid,
      home: try Self.text(entry.pw_dir, otherwise: "", "the home of user \(name)"),
      shell: try Self.text(entry.pw_shell, otherwise: "/bin/sh", "the shell of user \(name)"))
  }

  /// - Throws: `LaunchRefusal` for a text that is not UTF-8: another path or name would be used in its place.
  private static func text(
    _ pointer: UnsafeMutablePointer<CChar>?, otherwise: String, _ subject: String
  ) throws(LaunchRefusal) -> String {
    guard let pointer, pointer.pointee != 0 else { return otherwise }
    guard let text = String(validatingCString: pointer) else {
      throw LaunchRefusal("\(subject) in the host's user database is not UTF-8")
    }
    return text
  }

  private static func find(
    _ subject: String,
    _ call: (
      UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
      UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32
  ) throws(LaunchRefusal) -> UserEntry? {
    var entry = passwd()
    let found = try NameService.look(up: subject) { buffer, count -> (Int32, Result<UserEntry, LaunchRefusal>?) in
      var result: UnsafeMutablePointer<passwd>?
      let code = call(&entry, buffer, count, &result)
      return (
        code, result.map { entry in Result { () throws(LaunchRefusal) in try UserEntry(entry.pointee) } }
      )
    }
    return try found?.get()
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
