"""One agentd on this host for the benchmarks: programs, certificates, configuration, all in the working folder."""
import os
import pwd
import socket
import subprocess
import sys
import time

PROGRAMS = ("agentd", "agentd-network", "agentd-shepherd", "agent-register")


def strip(built, scratch):
    """What is measured is what `make install` installs."""
    for name in PROGRAMS:
        subprocess.run(["strip", "-o", f"{scratch}/{name}", f"{built}/{name}"], check=True)
        yield name, os.path.getsize(f"{scratch}/{name}")


def configure(scratch):
    os.environ["AGENTD_CONFIG"] = f"{scratch}/agentd.toml"
    with open("agentd.toml", "w") as file:
        file.write('[paths]\nstore = "store"\nlistener = "listener.toml"\nstate = "state"\nruntime = "run"\n')
        if os.geteuid() == 0 and not any(entry.pw_name == "agentd" for entry in pwd.getpwall()):
            file.write('[process]\nlistener_user = "games"\n')
    with open("openssl.cnf", "w") as file:
        file.write("[req]\ndistinguished_name=s\n[s]\n[root]\nbasicConstraints=critical,CA:TRUE\n"
                   "keyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
                   "[server]\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
                   "[client]\nextendedKeyUsage=clientAuth\n")
    certificate("root", "-extensions", "root")
    certificate("server", "-extensions", "server", "-CA", "root.crt", "-CAkey", "root.key")
    certificate("client", "-extensions", "client", "-CA", "root.crt", "-CAkey", "root.key")
    with open("bundle.pem", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as bundle:
        for part in ("server.crt", "server.key", "root.crt"):
            bundle.write(open(part).read())
    fingerprint = output("openssl", "x509", "-in", "server.crt", "-noout", "-fingerprint", "-sha256")
    port = free_port()
    output("./agent-register", "-I", "bundle.pem")
    output("./agent-register", "-L", "-t", fingerprint.split("=")[1].strip(), "-b", "127.0.0.1", "-p", str(port))
    return port


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def certificate(name, *arguments):
    output("openssl", "req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-noenc", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}", *arguments)


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    return done.stdout


def started():
    """agentd, listening, and the seconds that took from its start."""
    begun = time.monotonic()
    process = subprocess.Popen(["./agentd", "-F"], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "agentd serves" in line:
            return process, time.monotonic() - begun
    sys.exit("agentd ended before it listened; run 'agentd -t' on this host")
