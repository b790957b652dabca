import Glibc
import OpenSSL
import SystemCalls

/// The start of the program. Not top-level code, where `main()` would refer to the wrong method of ArgumentParser.
@main
enum Agentctl {
  static func main() async {
    // A closed connection or pipe makes the call fail instead of ending the program.
    signal(SIGPIPE, SIG_IGN)
    ProgramArguments.requireText(for: "agentctl")
    if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
    await ControlCommand.main()
  }
}
