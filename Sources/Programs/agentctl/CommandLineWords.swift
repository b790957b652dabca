import ArgumentParser
import Wording

/// The words of a command line, put into the order that the parser expects, and the answers to habits from other tools.
enum CommandLineWords {
  /// The options with a value, by which a value is told from a command. ManualPages compares them with --help.
  static let optionsWithValue: Set<String> = [
    "-H", "--home", "--cert", "--key", "--ca", "--name", "--patience", "-a", "--agents", "--at-once",
    "--stop-after-failures", "--id", "--user",
    "--group", "--directory", "--env", "--label", "--timeout", "--kill-grace", "--output-limit", "--stdin", "--script",
    "--umask", "--pool", "--limits", "--state", "--since", "--limit", "--client", "--tail", "--offset",
    "--port", "--socket",
  ]

  private static let runners = ["run", "exec", "submit"]

  /// Returns the arguments with the options before the command after it, as in `agentctl -H DIR agents`, and with `--` before the program of
  /// a job, as in `agentctl run AGENT uptime`.
  static func ordered(_ arguments: [String]) -> [String] {
    var rest = arguments[...]
    var leading: [String] = []
    while let option = rest.first, option.begins(with: "-"), !["-h", "--help", "--version"].containsSame(as: option),
      !option.begins(with: "---"), !option.begins(with: "--generate")
    {
      let length = optionsWithValue.contains(option) ? 2 : 1
      leading += rest.prefix(length)
      rest = rest.dropFirst(length)
    }
    guard let command = rest.popFirst() else { return arguments }
    let words = leading + rest
    return [command] + (runners.containsSame(as: command) ? separated(words) : words)
  }

  private static func separated(_ words: [String]) -> [String] {
    if words.containsSame(as: "--") { return words }
    var namesAgent = false
    var index = 0
    while index < words.count {
      let word = words[index]
      if word.begins(with: "-") {
        if ["-a", "--agents"].containsSame(as: word) { namesAgent = true }
        index += optionsWithValue.contains(word) ? 2 : 1
      } else if namesAgent {
        return words[..<index] + ["--"] + words[index...]
      } else {
        namesAgent = true
        index += 1
      }
    }
    return words
  }

  /// Returns what was meant by a command line whose command does not exist; nil if it exists, or is none.
  ///
  /// - Parameters:
  ///   - words: the command line in order.
  ///   - typed: the same as it was typed.
  static func answer(toWords words: [String], typed: [String], known: [String]) -> String? {
    guard let word = words.first, !known.containsSame(as: word),
      !["-h", "--help", "--version"].containsSame(as: word), !word.begins(with: "---"),
      !word.begins(with: "--generate")
    else { return nil }
    if let first = typed.first, let other = OtherPrograms.answer(typed, of: .agentctl) {
      return "\(printable(first)): \(other)"
    }
    if word.begins(with: "-") { return nil }
    let rest = words.dropFirst()
    if let command = rest.first, known.containsSame(as: command) {
      let meant = (["agentctl", command, word] + rest.dropFirst()).map(shellWord).joined(separator: " ")
      return "the command comes first: \(meant)"
    }
    if (try? IdentityOptions.parse([]).inventory())?.connector(named: word) != nil {
      return "\(word) is an agent, and the command comes first, as in: agentctl jobs \(word)"
    }
    return answer(toCommand: word, known: known)
  }

  private static func answer(toCommand word: String, known: [String]) -> String {
    let meant = commands.first { $0.words.containsSame(as: word) }?.meant ?? nearestWord(to: word, among: known)
    let hint = meant.map { "; did you mean agentctl \($0)?" } ?? "; agentctl --help lists all"
    return "there is no command \(word)\(hint)"
  }

  private static let commands: [(words: [String], meant: String)] = [
    (["ps", "ls", "list", "get", "history", "queue", "squeue"], "jobs"),
    (["status", "describe", "inspect", "info", "stat"], "show"),
    (["log", "tail", "output", "attach", "cat"], "logs"),
    (["kill", "stop", "scancel", "abort", "terminate"], "cancel"),
    (["rm", "remove", "forget", "del"], "delete"), (["start", "create", "enqueue", "sbatch", "apply"], "submit"),
    (["nodes", "hosts", "agent", "inventory", "ping"], "agents"), (["cordon", "drain", "pause"], "disable"),
    (["uncordon", "resume"], "enable"), (["watch"], "events"), (["monitor", "htop"], "top"),
    (["web", "ui", "gui", "dashboard"], "console"), (["tag", "group"], "label"),
    (["ssh", "shell", "srun", "command"], "run"),
  ]

  /// Returns what was meant by an option that does not exist; nil if that is not known.
  static func answer(toOption word: String, of command: String?) -> String? {
    let name = word.parts(at: "=", most: 1)[0]
    if let command,
      let found = optionsOfOne.first(where: { one in
        one.commands.containsSame(as: command) && one.words.containsSame(as: name)
      })
    {
      return found.meant
    }
    return options.first { $0.words.containsSame(as: name) }?.meant
  }

  /// The same for options that only some commands lack.
  private static let optionsOfOne: [(commands: [String], words: [String], meant: String)] = [
    (["logs"], ["-n"], "--tail prints the last lines"), (["jobs"], ["-n", "--tail"], "--limit sets how many jobs"),
    (["jobs"], ["-f", "--follow"], "--watch prints each job whose state changes"),
    (["agents"], ["-w", "--watch", "-f", "--follow"], "agentctl top shows agents live"),
    (
      ["show", "events"], ["-w", "--watch", "-f", "--follow"], "agentctl wait waits for a job's end, logs -f follows it"
    ),
    (["wait"], ["-f", "--follow"], "agentctl logs -f follows a job's output"),
  ]

  private static let options: [(words: [String], meant: String)] = [
    (["-o", "--output", "--format", "-j"], "--json prints JSON"),
    (
      ["-i", "-t", "-it", "-ti", "-T", "-tt", "--tty", "--interactive"],
      "a job has no terminal; it reads what is piped to agentctl run"
    ),
    (["-u", "-l", "--login-name", "--remote-user"], "--user names the user that a job runs as"),
    (["-e", "--setenv"], "--env sets a variable"), (["--lines", "--last"], "--tail prints the last lines"),
    (["-p", "-P", "--port"], "the port is part of the agent: HOST:PORT"),
    (["--host", "--hosts", "--node", "--nodes", "--agent"], "the agent comes after the command; -a names many"),
    (["-A", "--all", "--all-agents"], "-a '*' is for all agents"), (["-d", "--detach", "--background"], "use submit"),
    (["--cwd", "--chdir", "--workdir", "-C"], "--directory names the working directory"),
    (["--forks", "--parallel", "--serial", "--batch"], "--at-once sets how many agents at once"),
    (["--max-fail-percentage", "--fail-fast"], "--stop-after-failures starts no more after so many"),
    (["-x", "--exclude", "--except"], "-a '*,!web3' is for all agents but web3"),
    (["--status"], "--state selects jobs by state"),
    (["--selector"], "-a NAME=VALUE is for agents with that label"),
  ]
}

/// The end of the program with an error.
enum Failure {
  /// Prints an error as one line with what to do, in the form of all messages, and returns the exit code.
  static func report(_ error: any Error, _ arguments: [String]) -> Int32 {
    let code = ControlCommand.exitCode(for: error).rawValue
    let text = ControlCommand.fullMessage(for: error)
    if text.isEmpty { return code }
    var lines = text.parts(at: "\n")
    if code == 0 {
      try? write(Array("\(text)\n".utf8))
      return 0
    }
    let (label, first) = ("Error: ", lines.removeFirst())
    let message =
      first.begins(with: label) ? String(decoding: first.utf8.dropFirst(label.utf8.count), as: UTF8.self) : first
    // No option in that list exists here, so one that is given is what went wrong; the console alone has --port.
    let isConsole = arguments.first.map { $0.isSame(as: "console") } ?? false
    let given = isConsole ? [] : arguments.prefix { !$0.isSame(as: "--") }
    let meant = given.lazy.compactMap { CommandLineWords.answer(toOption: $0, of: arguments.first) }.first
    complain(message + (meant.map { "; \($0)" } ?? ""))
    for line in lines { try? write(Array("\(printable(line))\n".utf8), as: .stderr) }
    return code
  }
}
