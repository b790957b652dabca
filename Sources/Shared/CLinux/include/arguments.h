#ifndef AGENTD_CLINUX_ARGUMENTS_H
#define AGENTD_CLINUX_ARGUMENTS_H

// The arguments that main() gets, the program's name included. Swift's CommandLine has the same ones, also where there is no /proc.
int clinux_argument_count(void);
const char *clinux_argument(int index);

#endif
