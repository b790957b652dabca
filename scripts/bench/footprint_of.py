"""Memory and children of processes, from proc(5)."""

# Seconds after which agentd gives back what only its start needed; each of its processes looks once a minute.
QUIET = 125


def children(parent):
    return [int(pid) for pid in open(f"/proc/{parent}/task/{parent}/children").read().split()]


def pss(pid):
    for line in open(f"/proc/{pid}/smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
