"""A scheduler for the benchmarks: HTTP/1.1 over mutual TLS, on a connection that is kept, or on a fresh one."""
import http.client
import json
import socket
import ssl


class Scheduler:
    def __init__(self, port):
        self.port = port
        self.context = ssl.create_default_context(cafile="root.crt")
        self.context.load_cert_chain("client.crt", "client.key")
        self.connection = None

    def connect(self):
        self.connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=120)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.connection.close()

    def ask(self, method, path, body=None):
        self.connection.request(method, f"/v1/{path}", body=json.dumps(body) if body is not None else None)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text or b"{}")

    def run(self, identity, command=("/bin/true",)):
        """Submit to final state, the durable record included."""
        self.ask("PUT", f"jobs/{identity}", {"command": list(command), "directory": "/"})
        job = self.ask("GET", f"jobs/{identity}?wait=60")
        if job["state"] != "succeeded":
            raise RuntimeError(f"{identity}: {job['state']} {job['reason']}")
