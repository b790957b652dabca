"""Memory and children of processes, from proc(5)."""

# Seconds after which agentd gives back what only its start needed; each of its processes looks once a minute.
QUIET = 125
# Seconds after which its start is over.
SETTLED = 3


def children(parent):
    return [int(pid) for pid in open(f"/proc/{parent}/task/{parent}/children").read().split()]


def ours(daemon):
    """agentd, its processes, and the shepherds; not the jobs."""
    found = [daemon]
    for pid in found:
        try:
            found += [child for child in children(pid) if pid == daemon or _is_shepherd(child)]
        except FileNotFoundError:
            pass
    return found


def _is_shepherd(pid):
    try:
        return open(f"/proc/{pid}/cmdline").read().startswith("agentd")
    except FileNotFoundError:
        return False


def pss(pid):
    return _kilobytes(pid, "Pss")


def private(pid):
    """What is this process's alone, clean and dirty, in KiB."""
    return _kilobytes(pid, "Private_Clean", "Private_Dirty")


def _kilobytes(pid, *names):
    return sum(int(line.split()[1]) for line in open(f"/proc/{pid}/smaps_rollup") if line.split(":")[0] in names)
