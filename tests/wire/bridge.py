"""bridge: a port that leads to an applet whose connection the test holds, for clients that want to connect themselves.
Says nothing about TLS."""

import contextlib
import socket
import threading


def copy(source, to):
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(1)
    except OSError:
        pass


def join(listener, sock):
    ours, _ = listener.accept()
    for source, to in ((ours, sock), (sock, ours)):
        threading.Thread(target=copy, args=(source, to), daemon=True).start()


@contextlib.contextmanager
def port_to(sock):
    """For one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=join, args=(listener, sock), daemon=True).start()
        yield listener.getsockname()[1]
