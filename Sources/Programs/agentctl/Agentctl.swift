import Glibc
import OpenSSL

/// The program's start. Not top-level code, in which the wrong `main()` of ArgumentParser would be meant.
@main
enum Agentctl {
  static func main() async {
    // A peer or a pipe that has gone is an error of the call, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
    await ControlCommand.main()
  }
}
