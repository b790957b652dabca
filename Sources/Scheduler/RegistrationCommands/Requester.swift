import Glibc
import SystemCalls

/// The person who gives a command.
enum Requester {
  /// The user who logged in, even if the command runs as another (su, sudo); otherwise the one that it runs as.
  static var name: String {
    // pam_loginuid(8); all bits are set if nobody logged in, as in a service.
    let text = (try? DurableFile.read("/proc/self/loginuid", limit: 32)).map { String(decoding: $0, as: UTF8.self) }
    let login = text.flatMap { uid_t($0.prefix { $0.isNumber }) }.flatMap { $0 == uid_t.max ? nil : $0 }
    return name(of: login ?? geteuid())
  }

  private static func name(of user: uid_t) -> String {
    var buffer = [CChar](repeating: 0, count: 16384)
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
      return "user \(user)"
    }
    return String(cString: name)
  }
}
