import ArgumentParser
import Glibc
import OpenSSL
import SystemCalls
import Wording

/// The start of the program. Not top-level code, where `main()` would refer to the wrong method of ArgumentParser.
@main
enum Agentctl {
  static func main() async {
    openStandardDescriptors()
    // A closed connection or pipe makes the call fail instead of ending the program.
    signal(SIGPIPE, SIG_IGN)
    ProgramArguments.requireText(for: "agentctl")
    if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
    // libdispatch looks for its threads there, and crashes a second after the start if there are none.
    guard access("/proc/self/task", F_OK) == 0 else {
      complain("agentctl needs /proc, which is not mounted: mount -t proc proc /proc")
      exit(EX_OSFILE)
    }
    exit(await perform(Array(CommandLine.arguments.dropFirst())))
  }

  /// Executes the command.
  ///
  /// - Returns: the exit code.
  private static func perform(_ typed: [String]) async -> Int32 {
    let arguments = CommandLineWords.ordered(typed)
    let known = ControlCommand.configuration.subcommands.flatMap { command in
      [command.configuration.commandName ?? ""] + command.configuration.aliases
    }
    if let answer = CommandLineWords.answer(toWords: arguments, typed: typed, known: known + ["help"]) {
      complain(answer)
      return EX_USAGE
    }
    do {
      var command = try await ControlCommand.asyncParseAsRoot(arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return EXIT_SUCCESS
    } catch {
      return Failure.report(error, arguments)
    }
  }

  /// Replaces standard descriptors that were closed, so that no connection gets their number: reading or writing them still fails.
  private static func openStandardDescriptors() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
      _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
