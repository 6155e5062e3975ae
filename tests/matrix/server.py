"""server: answers one request over one version of TLS with a file; prints its port when it listens.
Arguments: version, key, certificate, the file."""

import socket
import ssl
import sys
from pathlib import Path

version, key, cert, body = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version.replace(".", "_")]
context.load_cert_chain(cert, key)
content = Path(body).read_bytes()
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    raw, _ = listener.accept()
    with context.wrap_socket(raw, server_side=True) as tls:
        request = b""
        while b"\r\n\r\n" not in request:
            piece = tls.recv(4096)
            if not piece:
                sys.exit("no request")
            request += piece
        tls.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
        tls.unwrap()
