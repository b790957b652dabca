import AgentProtocol
import Glibc
import Wording

/// The environment of a job: nothing from agentd's own, but what a login sets and what the request adds.
public enum JobEnvironment {
  /// - Parameters:
  ///   - isAnotherUser: whether the job runs as another user than agentd. Then variables that make a program load or run something of the
  ///     client's choice are refused: with them, a client that may run one program could run any.
  ///   - mark: identifies the job's processes if its shepherd was killed and cannot report them.
  /// - Returns: the variables, each as `NAME=value`, sorted.
  static func make(
    for id: JobID, _ account: Account, adding requested: [String: String], isAnotherUser: Bool, mark: UInt64
  ) throws(LaunchRefusal) -> [String] {
    var variables = [
      "HOME": account.usableHome, "LANG": "C.UTF-8", "LOGNAME": account.name, "PATH": path(isRoot: account.isRoot),
      "SHELL": account.shell, "USER": account.name,
    ]
    for (name, value) in requested.sorted(by: { $0.key < $1.key }) {
      if name.begins(with: ownPrefix) {
        throw LaunchRefusal("environment variable \(name) is refused: names with \(ownPrefix) are agentd's own")
      }
      if isAnotherUser, isDangerous(name, value) {
        throw LaunchRefusal("environment variable \(name) is refused in a request to run as another user")
      }
      variables[name] = value
    }
    variables[ownPrefix + "JOB_ID"] = id.description
    variables[markName] = text(ofMark: mark)
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }

  private static let ownPrefix = "AGENTD_"
  /// The variable with a value that is unique to each job.
  static let markName = ownPrefix + "JOB_MARK"

  /// Returns the value of that variable.
  static func text(ofMark mark: UInt64) -> String { String(mark, radix: 16) }

  /// Returns the path that login(1) sets on Debian.
  private static func path(isRoot: Bool) -> String {
    isRoot
      ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      : "/usr/local/bin:/usr/bin:/bin"
  }

  /// Returns whether a variable can make a program load or run something chosen by whoever set it.
  public static func isDangerous(_ name: String, _ value: String) -> Bool {
    isDangerous(name) || (namesAFile(name) && leadsToAFile(value, of: name))
      // A function, to a bash from before 2014 (CVE-2014-6271).
      || value.utf8.starts(with: "()".utf8)
  }

  /// Returns whether a variable can do so regardless of its value.
  public static func isDangerous(_ name: String) -> Bool {
    dangerousNames.contains(name) || dangerousPrefixes.contains { name.utf8.starts(with: $0.utf8) }
      || (name.utf8.starts(with: "PYTHON".utf8) && !harmlessOfPython.contains(name))
  }

  /// Returns whether libraries look for the variable's value as a file in their own folders, unless it names another place.
  private static func namesAFile(_ name: String) -> Bool {
    ["LANG", "LANGUAGE", "LINGUAS", "TERM", "COLORTERM", "TZ"].contains(name) || name.utf8.starts(with: "LC_".utf8)
  }

  /// Returns whether the value can refer to a file elsewhere, by the rules of sudo(8): it is a path, or may be a format of printf(3).
  ///
  /// A time zone contains slashes (`Europe/Berlin`), and stays below its folder unless it begins with one or contains "..".
  private static func leadsToAFile(_ value: String, of name: String) -> Bool {
    let (bytes, slash) = (Array(value.utf8), UInt8(ascii: "/"))
    guard name == "TZ" else { return bytes.contains(slash) || bytes.contains(UInt8(ascii: "%")) }
    let zone = bytes.first == UInt8(ascii: ":") ? bytes.dropFirst() : bytes[...]
    return zone.first == slash || zone.split(separator: slash).contains { $0.elementsEqual("..".utf8) }
      || !zone.allSatisfy { (0x21...0x7e).contains($0) } || zone.count > Int(PATH_MAX)
  }

  private static let harmlessOfPython: Set<String> = [
    "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONHASHSEED",
  ]

  private static let dangerousPrefixes = [
    "LD_", "LDR_", "_RLD", "BASH_FUNC_", "DYLD_", "MALLOC_", "PERL5", "RUBY", "NPM_CONFIG_", "GIT_CONFIG", "DOTNET_",
    "CORECLR_", "KRB5_CONFIG",
  ]

  /// Those that sudo(8) removes too, and similar ones: they determine where programs, libraries and start-up files are found.
  private static let dangerousNames: Set<String> = [
    "PATH", "HOME", "IFS", "CDPATH", "ENV", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PS4", "GLOBIGNORE", "PROMPT_COMMAND",
    "FPATH", "NULLCMD", "READNULLCMD", "ZDOTDIR", "TMPPREFIX",
    "GCONV_PATH", "GLIBC_TUNABLES", "GETCONF_DIR", "NLSPATH", "LOCPATH", "PATH_LOCALE", "LOCALDOMAIN", "RES_OPTIONS",
    "HOSTALIASES", "RESOLV_HOST_CONF", "TZDIR", "NIS_PATH", "LIBPATH", "SHLIB_PATH",
    "TERMINFO", "TERMINFO_DIRS", "TERMPATH", "TERMCAP", "KRB5_KTNAME", "AUTHSTATE", "VAR_ACE", "USR_ACE",
    "DLC_ACE", "OPENSSL_CONF", "OPENSSL_MODULES",
    "OPENSSL_ENGINES", "SSLKEYLOGFILE",
    "USER", "LOGNAME", "SHELL", "MAIL",
    "PERLLIB", "PERLIO_DEBUG", "PERL_MB_OPT", "PERL_MM_OPT", "AWKPATH", "AWKLIBPATH", "PHPRC", "PHP_INI_SCAN_DIR",
    "TCLLIBPATH", "GUILE_LOAD_PATH", "R_PROFILE", "R_ENVIRON", "R_LIBS", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE",
    "GIO_EXTRA_MODULES", "GTK_MODULES", "GTK_PATH", "QT_PLUGIN_PATH", "LESSOPEN", "LESSCLOSE", "MAVEN_OPTS",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "NODE_OPTIONS", "NODE_PATH", "LUA_PATH",
    "LUA_CPATH", "LUA_INIT", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "EDITOR", "VISUAL", "PAGER",
  ]
}
