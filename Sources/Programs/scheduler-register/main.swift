import Glibc
import OpenSSL

// An agent or a pipe that has gone is an error of the call, not the end of the program.
signal(SIGPIPE, SIG_IGN)
// Root's OpenSSL takes its configuration from the system alone, not from whoever filled the environment.
if geteuid() == 0 { OpenSSLLibrary.ignoreEnvironment() }
SchedulerRegisterCommand.main()
