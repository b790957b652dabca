import AgentProtocol
import Glibc

/// The environment of a job: nothing of agentd's own, what a login sets, and what the request adds.
public enum JobEnvironment {
  /// - Parameter isAnotherUser: whether the job runs as another user than agentd. Then variables that make a program load or run
  ///   something of the client's choice are refused: with them, a client that may run one program could run any.
  /// - Parameter mark: by which processes of the job are known that its shepherd, killed, can tell nobody of.
  /// - Returns: each as `NAME=value`, sorted.
  static func make(
    for id: JobID, _ account: Account, adding requested: [String: String], isAnotherUser: Bool,
    mark: UInt64 = .random(in: .min ... .max)
  ) throws(LaunchRefusal) -> [String] {
    var variables = [
      "HOME": account.home, "LANG": "C.UTF-8", "LOGNAME": account.name, "PATH": path(isRoot: account.isRoot),
      "SHELL": account.shell, "USER": account.name,
    ]
    for (name, value) in requested.sorted(by: { $0.key < $1.key }) {
      if name.hasPrefix(ownPrefix) {
        throw LaunchRefusal("environment variable \(name) is refused: names with \(ownPrefix) are agentd's own")
      }
      if isAnotherUser, isDangerous(name, value) {
        throw LaunchRefusal("environment variable \(name) is refused in a request to run as another user")
      }
      variables[name] = value
    }
    variables[ownPrefix + "JOB_ID"] = id.description
    variables[markName] = String(mark, radix: 16)
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }

  private static let ownPrefix = "AGENTD_"
  /// The variable whose value no two jobs share.
  static let markName = ownPrefix + "JOB_MARK"

  /// As login(1) sets it on Debian.
  private static func path(isRoot: Bool) -> String {
    isRoot
      ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      : "/usr/local/bin:/usr/bin:/bin"
  }

  /// Whether a variable can make a program load or run something of the choice of whoever set it.
  public static func isDangerous(_ name: String, _ value: String) -> Bool {
    dangerousNames.contains(name) || dangerousPrefixes.contains { name.hasPrefix($0) }
      || (name.hasPrefix("PYTHON") && !harmlessOfPython.contains(name))
      // A function, to a bash of before 2014 (CVE-2014-6271).
      || value.hasPrefix("()")
  }

  private static let harmlessOfPython: Set<String> = [
    "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONHASHSEED",
  ]

  private static let dangerousPrefixes = [
    "LD_", "_RLD", "BASH_FUNC_", "DYLD_", "MALLOC_", "PERL5", "RUBY", "NPM_CONFIG_", "GIT_CONFIG", "DOTNET_",
    "CORECLR_",
  ]

  /// Those that sudo(8) removes as well, and their like: where programs, libraries, interpreters and start-up files are found.
  private static let dangerousNames: Set<String> = [
    "PATH", "HOME", "IFS", "CDPATH", "ENV", "BASH_ENV", "BASHOPTS", "SHELLOPTS", "PS4", "GLOBIGNORE", "PROMPT_COMMAND",
    "FPATH", "NULLCMD", "READNULLCMD", "ZDOTDIR", "TMPPREFIX",
    "GCONV_PATH", "GLIBC_TUNABLES", "GETCONF_DIR", "NLSPATH", "LOCPATH", "PATH_LOCALE", "LOCALDOMAIN", "RES_OPTIONS",
    "HOSTALIASES", "RESOLV_HOST_CONF", "TZDIR", "NIS_PATH", "LIBPATH", "SHLIB_PATH",
    "TERMINFO", "TERMINFO_DIRS", "TERMPATH", "TERMCAP", "KRB5_CONFIG", "KRB5_KTNAME", "OPENSSL_CONF", "OPENSSL_MODULES",
    "OPENSSL_ENGINES", "SSLKEYLOGFILE",
    "USER", "LOGNAME", "SHELL", "MAIL",
    "PERLLIB", "PERLIO_DEBUG", "PERL_MB_OPT", "PERL_MM_OPT", "AWKPATH", "AWKLIBPATH", "PHPRC", "PHP_INI_SCAN_DIR",
    "TCLLIBPATH", "GUILE_LOAD_PATH", "R_PROFILE", "R_ENVIRON", "R_LIBS", "GEM_HOME", "GEM_PATH", "BUNDLE_GEMFILE",
    "GIO_EXTRA_MODULES", "GTK_MODULES", "GTK_PATH", "QT_PLUGIN_PATH", "LESSOPEN", "LESSCLOSE", "MAVEN_OPTS",
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "NODE_OPTIONS", "NODE_PATH", "LUA_PATH",
    "LUA_CPATH", "LUA_INIT", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "EDITOR", "VISUAL", "PAGER",
  ]
}
