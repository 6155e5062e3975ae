"""client: fetches /body over one version of TLS and prints the whole answer.
Arguments: port, version, the file of the trust anchor."""

import shutil
import socket
import ssl
import sys

port, version, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
# an end without close_notify is one too where the server was asked for it (RFC 8446 6.1)
with socket.create_connection(("localhost", port)) as raw:
    with context.wrap_socket(raw, server_hostname="localhost", suppress_ragged_eofs=True) as tls:
        tls.sendall(b"GET /body HTTP/1.0\r\nHost: localhost\r\n\r\n")
        with tls.makefile("rb") as answer:
            shutil.copyfileobj(answer, sys.stdout.buffer)
