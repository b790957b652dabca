import CLinux
import Glibc
import Values

extension Account {
  /// Throws if jobs must not run as this user now: the account is expired (shadow(5)), or, if `loginShellIsRequired`, its shell
  /// lets nobody log in.
  ///
  /// A locked password is no obstacle: it keeps from logging in with it, and that is how most accounts that run jobs are. PAM
  /// is not asked; see ARCHITECTURE.md.
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

  /// Only root can read it, and only root runs jobs as somebody else.
  private var expiryDay: Int? {
    var day = -1
    guard geteuid() == 0, clinux_account_expiry(name, &day) == 0, day > 0 else { return nil }
    return day
  }

  /// Whether the shell is one: nologin(8) and false(1) say no to everything.
  public var hasLoginShell: Bool { !["nologin", "false", "true", "sync"].contains(shellName) }

  private var shellName: String { String(shell.split(separator: "/").last ?? "") }

  /// The command to be executed by the login shell: as `SHELL -l -c` with the arguments as they are, so that no quoting is between.
  ///
  /// - Throws: for a shell that is none, or that does not know the syntax of sh(1).
  func loginCommand(_ command: [String]) throws(LaunchRefusal) -> [String] {
    guard ["sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh", "yash"].contains(shellName) else {
      throw LaunchRefusal(
        "cannot run a login shell of user \(name): \(shell) is not one of sh, bash, dash, ash, ksh, mksh, yash, zsh"
      )
    }
    return [shell, "-l", "-c", "exec \"$@\"", shellName] + command
  }
}
