import Glibc
import OpenSSL
import SystemCalls

// A closed connection or pipe makes the call fail instead of ending the program.
signal(SIGPIPE, SIG_IGN)
ProgramArguments.requireText(for: "scheduler-register")
// As root, OpenSSL reads only the system's configuration, not one that the environment names.
if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
SchedulerRegisterCommand.main()
