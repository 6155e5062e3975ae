"""peers: how each foreign client and server is called. Starts nothing itself."""

from pathlib import Path

HERE = Path(__file__).parent
PYTHON = "/usr/bin/python3"
REQUEST = b"GET /body HTTP/1.0\r\nHost: localhost\r\n\r\n"
GNUTLS = "NORMAL:-VERS-ALL:+VERS-TLS{}"
CURL = {"1.2": ["--tlsv1.2", "--tls-max", "1.2"], "1.3": ["--tlsv1.3"]}
OPENSSL = {"1.2": "-tls1_2", "1.3": "-tls1_3"}


# Clients: given the port, the trust anchor and the version. Those of RAW print head and body, the others the body.

def curl(port, ca, version):
    return ["curl", "-sS", "--noproxy", "*", "--max-time", "30", "--cacert", ca, *CURL[version],
            f"https://localhost:{port}/body"]


def wget(port, ca, version):
    return ["wget", "-q", "-O", "-", "--no-proxy", "--no-config", "--no-hsts", "--tries=1", "--timeout=30",
            f"--ca-certificate={ca}", f"--ciphers={GNUTLS.format(version)}", f"https://localhost:{port}/body"]


def gnutls_cli(port, ca, version):
    return ["gnutls-cli", "--logfile=/dev/stderr", f"--x509cafile={ca}", f"--priority={GNUTLS.format(version)}",
            "--port", port, "localhost"]


def s_client(port, ca, version):
    return ["openssl", "s_client", "-quiet", "-connect", f"localhost:{port}", "-servername", "localhost", "-CAfile",
            ca, "-verify_return_error", "-verify_hostname", "localhost", OPENSSL[version], "-ign_eof"]


def python(port, ca, version):
    return [PYTHON, HERE / "client.py", port, f"TLSv{version}", ca]


def node(port, ca, version):
    return ["node", HERE / "client.js", port, f"TLSv{version}", ca]


def java(port, ca, version):
    return ["java", "-cp", CLASSES, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Client", port, f"TLSv{version}", ca]


CLIENTS = {"curl": curl, "wget": wget, "gnutls-cli": gnutls_cli, "openssl s_client": s_client, "Python": python,
           "Node": node, "Java": java}
RAW = {"gnutls-cli", "openssl s_client", "Python", "Node", "Java"}
# their answer is to what comes on their stdin
TYPED = {"gnutls-cli", "openssl s_client"}


# Servers: given the certificate, the version, the file of the body and a free port. Those of PRINTING choose a
# port themselves and print it.

def s_server(cert, version, body, port):
    return ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", cert.leaf, "-key", cert.key,
            OPENSSL[version], "-WWW", "-quiet"]


def gnutls_serv(cert, version, body, port):
    return ["gnutls-serv", "--echo", "-q", "-p", port, f"--x509certfile={cert.cert}", f"--x509keyfile={cert.key}",
            f"--priority={GNUTLS.format(version)}", "--disable-client-cert"]


NGINX = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir}; uwsgi_temp_path {dir};
    scgi_temp_path {dir};
    server {{
        listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv{version};
        root {dir};
    }}
}}
"""


def nginx(cert, version, body, port):
    conf = body.parent / f"nginx.{port}.conf"
    conf.write_text(NGINX.format(dir=body.parent, port=port, cert=cert.cert, key=cert.key, version=version))
    return ["nginx", "-p", body.parent, "-c", conf]


def python_server(cert, version, body, port):
    return [PYTHON, HERE / "server.py", f"TLSv{version}", cert.key, cert.cert, body]


def node_server(cert, version, body, port):
    return ["node", HERE / "server.js", f"TLSv{version}", cert.key, cert.cert, body]


def java_server(cert, version, body, port):
    return ["java", "-cp", CLASSES, "-Xshare:auto", "-XX:TieredStopAtLevel=1", "Server", f"TLSv{version}",
            cert.key.with_suffix(".p12"), body]


SERVERS = {"openssl s_server": s_server, "gnutls-serv": gnutls_serv, "nginx": nginx, "Python": python_server,
           "Node": node_server, "Java": java_server}
PRINTING = {"Python", "Node", "Java"}
ECHOING = {"gnutls-serv"}
CLASSES = ""  # where the compiled Java programs are
