"""Asks agentd for GET /v1/agent with one TLS version and prints the whole answer: Python's ssl as a client.

usage: agent.py PORT ROOT 1.2|1.3 [CHAIN KEY]
"""
import socket
import ssl
import sys

port, root, version, *files = sys.argv[1:]
context = ssl.create_default_context(cafile=root)
context.minimum_version = context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
# Allows weak certificates, which the agent must refuse.
context.set_ciphers("DEFAULT@SECLEVEL=0")
if files:
    context.load_cert_chain(*files)
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), 20), server_hostname="localhost") as peer:
    peer.sendall(b"GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    while chunk := peer.recv(65536):
        sys.stdout.write(chunk.decode())
