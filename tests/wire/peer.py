"""peer: the other end of a connection, a TLS state machine driven by hand so that a test chooses every byte
on the network. Knows nothing of the applets or of processes."""

import ctypes
import select
import ssl
import warnings

from features import require, require_group, require_suite

LIBSSL = ctypes.CDLL("libssl.so.3")
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2,
            "1.3": ssl.TLSVersion.TLSv1_3}


def context(server=False, version=None, ciphers=None, cert=None, trust=None, verify=None):
    """A context of Python's ssl for either side; it verifies the peer if given trust, a CA's PEM file."""
    require(*["TLS12"] if version == "1.2" else [])
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = verify or (ssl.CERT_REQUIRED if trust else ssl.CERT_NONE)
    if ciphers:
        require_suite(ciphers.split(":"))
        made.set_ciphers(ciphers)
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = made.maximum_version = VERSIONS[version]
    if cert:
        made.load_cert_chain(cert.cert, cert.key)
    if trust:
        made.load_verify_locations(trust)
    return made


class Ended(Exception):
    """The connection ended before the handshake did; the text says how."""


class Tls:
    """One end of TLS over anything with the five methods of a socket that it uses. `end` says how the other
    end's direction ended: None (not yet), "close_notify", "fin", "reset", or the library's name of an alert
    or error."""

    def __init__(self, sock, ctx, server=False, name=None):
        self.sock, self.inc, self.out, self.end = sock, ssl.MemoryBIO(), ssl.MemoryBIO(), None
        self.obj = ctx.wrap_bio(self.inc, self.out, server, server_hostname=name)

    def handshake(self, flush=True):
        """Without flush, our last flight is kept to go out with the first data."""
        while True:
            try:
                self.obj.do_handshake()
                return self.flush() if flush else self
            except ssl.SSLWantReadError:
                self.flush()
                if not self.fill():
                    raise Ended(self.end) from None
            except ssl.SSLError as error:
                self.end = error.reason
                self.flush()
                raise Ended(self.end) from None

    def fill(self):
        """Takes what the network has, at least one byte; False at its end."""
        try:
            data = self.sock.recv(65536)
        except ConnectionError:
            self.end = "reset"
            return False
        if not data:
            self.end = "fin"
            return False
        return bool(self.inc.write(data))

    def flush(self):
        """Sends what the state machine has to say; returns self."""
        data = self.out.read()
        try:
            if data:
                self.sock.sendall(data)
        except ConnectionError:
            self.end = self.end or "reset"
        return self

    def seal(self, data):
        """The records that carry data, not sent."""
        self.obj.write(data)
        return self.out.read()

    def send(self, data):
        self.obj.write(data)
        self.flush()

    def read_decrypted(self, size=65536):
        """Cleartext from what has come in already; b"" if there is none."""
        try:
            data = self.obj.read(size)
            self.end = self.end if data else "close_notify"
            return data
        except ssl.SSLZeroReturnError:
            self.end = "close_notify"
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.end = error.reason
        return b""

    def recv(self, size=65536):
        """Some cleartext; b"" at the end, and then `end` is set."""
        while self.end is None:
            data = self.read_decrypted(size)
            self.flush()
            if data:
                return data
            if self.end is None:
                self.fill()
        return b""

    def recv_exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.recv(size - len(data))
            assert more, f"{self.end} after {len(data)} of {size} bytes"
            data += more
        return data

    def recv_all(self):
        return b"".join(iter(self.recv, b""))

    def seal_close(self):
        """Our close_notify, not sent. The other direction stays open."""
        LIBSSL.SSL_shutdown(self.handle())
        return self.out.read()

    def close_notify(self):
        self.sock.sendall(self.seal_close())

    def fin(self):
        self.sock.shutdown(1)

    def after_end(self, patience=2):
        """What TCP does after the TLS end: "fin", "reset", or "open" if nothing comes in patience seconds."""
        try:
            while select.select([self.sock], [], [], patience)[0]:
                if not self.sock.recv(65536):
                    return "fin"
            return "open"
        except ConnectionError:
            return "reset"

    def exchange(self, data, chunk=16384, every=lambda tls, sent: None):
        """Sends data in records of chunk while it receives as many bytes; returns what came. `every` is
        called before each record."""
        got, sent, backlog = bytearray(), 0, memoryview(b"")
        self.sock.setblocking(False)
        while len(got) < len(data) and self.end is None:
            if not backlog and sent < len(data):
                every(self, sent)
                self.obj.write(data[sent:sent + chunk])
                sent += chunk
            backlog = backlog or memoryview(self.out.read())
            readable, writable, _ = select.select([self.sock], [self.sock] if backlog else [], [], 20)
            assert readable or writable, f"stuck with {len(got)} of {len(data)} bytes back, {sent} sent"
            if writable:
                backlog = backlog[self.sock.send(backlog):]
            if readable and self.fill():
                for piece in iter(self.read_decrypted, b""):
                    got += piece
        self.sock.settimeout(20)
        return bytes(got)

    def handle(self):
        """The SSL * of OpenSSL, third word of Python's object: for what Python's ssl cannot do."""
        pointer = ctypes.c_void_p(ctypes.c_void_p.from_address(id(self.obj._sslobj) + 24).value)
        LIBSSL.SSL_get_version.restype = ctypes.c_char_p
        assert LIBSSL.SSL_get_version(pointer).startswith(b"TLSv1.")
        return pointer

    def key_update(self, ask=True):
        assert LIBSSL.SSL_key_update(self.handle(), int(ask)) == 1
        LIBSSL.SSL_do_handshake(self.handle())

    def renegotiate(self):
        assert LIBSSL.SSL_renegotiate(self.handle()) == 1
        LIBSSL.SSL_do_handshake(self.handle())
        self.flush()

    def reopen(self):
        """Forgets that close_notify was sent, so that data can follow it."""
        LIBSSL.SSL_set_shutdown(self.handle(), 0)

    def groups(self, names):
        require_group(names.split(":"))
        assert LIBSSL.SSL_ctrl(self.handle(), 92, ctypes.c_long(0), names.encode()) == 1
        return self

    def group(self):
        """The TLS number of the group of the key exchange."""
        nid = LIBSSL.SSL_ctrl(self.handle(), 134, ctypes.c_long(0), None)
        return {1034: 29, 415: 23, 715: 24, 716: 25}[nid]

    def server_name(self, name):
        """Any SNI of OpenSSL's client, where Python's checks would refuse it."""
        assert LIBSSL.SSL_ctrl(self.handle(), 55, ctypes.c_long(0), name) == 1
        return self
