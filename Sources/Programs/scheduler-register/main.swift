import Glibc
import OpenSSL

// A closed connection or pipe makes the call fail instead of ending the program.
signal(SIGPIPE, SIG_IGN)
// As root, OpenSSL reads only the system's configuration, not one that the environment names.
if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
SchedulerRegisterCommand.main()
