"""The programs that agentd is compared with when it runs a job: sshd and NRPE, each of its own in the working folder."""
import os
import socket
import subprocess
import sys
import time

from scratch_agent import free_port, output


def await_port(port, name):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"{name} does not listen")


class Ssh:
    """sshd with keys of its own; a fresh connection a job, or a kept one (ControlMaster)."""

    def __init__(self):
        here = os.getcwd()
        self.port = free_port()
        for name in ("host", "user"):
            output("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"ssh-{name}")
        with open("sshd.conf", "w") as file:
            file.write(f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {here}/ssh-host\nPidFile none\n"
                       f"AuthorizedKeysFile {here}/ssh-user.pub\nStrictModes no\nPasswordAuthentication no\n"
                       "KbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin yes\n"
                       "MaxSessions 2000\nMaxStartups 2000\n")
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)  # sshd's own requirement
        self.server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", f"{here}/sshd.conf"], stderr=subprocess.DEVNULL)
        await_port(self.port, "sshd")
        self.base = ["ssh", "-F", "none", "-p", str(self.port), "-i", "ssh-user", "-o", "StrictHostKeyChecking=no",
                     "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes"]
        self.kept = self.base + ["-o", "ControlPath=./ssh-control"]
        self.master = subprocess.Popen(self.kept + ["-M", "-N", "127.0.0.1"], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.exists("ssh-control"):
            if time.monotonic() > deadline:
                sys.exit("ssh: no ControlMaster")
            time.sleep(0.02)

    def over_kept(self):
        subprocess.run(self.kept + ["127.0.0.1", "/bin/true"], check=True, stdin=subprocess.DEVNULL)

    def fresh(self):
        subprocess.run(self.base + ["127.0.0.1", "/bin/true"], check=True, stdin=subprocess.DEVNULL)

    def end(self):
        for process in (self.master, self.server):
            process.terminate()
            process.wait()


class Nrpe:
    """NRPE with TLS both ways."""

    def __init__(self):
        here = os.getcwd()
        self.port = free_port()
        self.command = ["/usr/lib/nagios/plugins/check_nrpe", "-H", "127.0.0.1", "-p", str(self.port), "-A", "root.crt",
                        "-C", "client.crt", "-K", "client.key", "-c", "echo"]
        with open("nrpe.cfg", "w") as file:
            file.write(f"server_address=127.0.0.1\nserver_port={self.port}\nallowed_hosts=127.0.0.1\n"
                       f"pid_file={here}/nrpe.pid\nssl_version=TLSv1.2+\nssl_client_certs=2\n"
                       f"ssl_cacert_file={here}/root.crt\nssl_cert_file={here}/server.crt\n"
                       f"ssl_privatekey_file={here}/server.key\nnrpe_user=nobody\nnrpe_group=nogroup\n"
                       "command[echo]=/bin/echo\n")
        self.server = subprocess.Popen(["/usr/sbin/nrpe", "-c", f"{here}/nrpe.cfg", "-f"], stderr=subprocess.DEVNULL)
        await_port(self.port, "nrpe")

    def fresh(self):
        # Nothing was printed, which check_nrpe takes for unknown: exit code 3.
        done = subprocess.run(self.command, capture_output=True, text=True)
        if "CHECK_NRPE" in done.stdout and "No data" not in done.stdout:
            sys.exit(f"check_nrpe: {done.stdout}{done.stderr}")

    def end(self):
        self.server.terminate()
        self.server.wait()
