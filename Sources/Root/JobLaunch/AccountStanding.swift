import CLinux
import Glibc
import SystemCalls
import Values

extension Account {
  /// Throws if jobs must not run as this user now.
  ///
  /// That is so if the account has expired (shadow(5)), or, with `loginShellIsRequired`, if its shell does not allow logins.
  ///
  /// A locked password is not an obstacle: it only prevents logins with a password, and most accounts that run jobs have one. PAM is not
  /// asked; see ARCHITECTURE.md.
  func requireGoodStanding(loginShellIsRequired: Bool, now: Timestamp = .now()) throws(LaunchRefusal) {
    if let day = expiryDay, now.seconds / Timestamp.secondsPerDay >= day {
      let date = Timestamp(seconds: Int64(day) * Timestamp.secondsPerDay).day
      throw LaunchRefusal("cannot run as user \(name): the account expired on \(date)")
    }
    if loginShellIsRequired, !hasLoginShell {
      throw LaunchRefusal(
        "cannot run as user \(name): its login shell is \(shell), and [jobs] login_shell_required is set")
    }
  }

  /// Returns the day on which the account expires; `nil` if it never does, or if this process cannot read shadow(5).
  static func expiryDay(of name: String) -> Int? {
    var day = -1
    guard clinux_account_expiry(name, &day) == 0, day > 0 else { return nil }
    return day
  }

  /// Returns the day on which a local account expires, from /etc/shadow without the name service; `nil` if it never does.
  public static func localExpiryDay(of name: String) -> Int? {
    guard var file = try? DurableFile.read("/etc/shadow", limit: 1 << 24), !file.isEmpty else { return nil }
    // It has hashes of passwords.
    defer { file.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
    let beginning = Array("\(name):".utf8)
    let line = file.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: beginning) }
    let fields = line?.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) ?? []
    // The eighth of the fields in shadow(5).
    guard fields.count > 7, let day = Int(String(decoding: fields[7], as: UTF8.self)), day > 0 else { return nil }
    return day
  }

  /// Whether the shell allows logins: nologin(8) and false(1) refuse everything.
  public var hasLoginShell: Bool { !["nologin", "false", "true", "sync"].contains(shellName) }

  private var shellName: String { String(shell.split(separator: "/").last ?? "") }

  /// Returns the command for execution by the login shell, `SHELL -l -c` with the arguments unchanged, so that no quoting is needed.
  ///
  /// - Throws: `LaunchRefusal` if the shell is not one, or does not know the syntax of sh(1).
  func loginCommand(_ command: [String]) throws(LaunchRefusal) -> [String] {
    guard ["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "yash"].contains(shellName) else {
      throw LaunchRefusal(
        "cannot run a login shell of user \(name): \(shell) is not one of sh, bash, dash, ash, ksh, mksh, yash, zsh"
      )
    }
    return [shell, "-l", "-c", "exec \"$@\"", shellName] + command
  }
}
