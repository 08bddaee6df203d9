"""Load a page of 30 objects of 20 kB with curl, three ways, and say how long each takes.

Serve it where the link ends, fetch it from behind the link::

    python page.py serve FOLDER 8000 8001 &                                 # HTTP/1.1 on 8000, HTTP/2 on 8001
    bentpipe exec two-sites kyiv -- sh -c 'python page.py fetch $BENTPIPE_HOST 8000 8001'

Over TLS, as sites are. Needs curl, openssl, and nghttpd (Debian's nghttp2-server) for HTTP/2.
"""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

OBJECTS, BYTES = 30, 20_000
#: Python's own server, with connections kept open, as sites are served.
HTTP_1_1 = """
import http.server, ssl, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert", "key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


def serve(folder: str, port: str, port_h2: str, address: str = "127.0.0.1") -> None:
    """Serve the objects until interrupted or terminated."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    for i in range(OBJECTS):
        (root / f"{i}.bin").write_bytes(bytes(BYTES))
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=here"]
    subprocess.run([*certificate, "-keyout", "key", "-out", "cert"], cwd=root, check=True, capture_output=True)
    servers = [subprocess.Popen([sys.executable, "-c", HTTP_1_1, address, port], cwd=root, stderr=subprocess.DEVNULL)]
    if shutil.which("nghttpd"):
        servers.append(subprocess.Popen(["nghttpd", "-a", address, port_h2, "key", "cert"], cwd=root))
    try:
        for server in servers:
            server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        for server in servers:
            server.terminate()


def fetch(host: str, port: str, port_h2: str) -> None:
    """Fetch the objects one after the other, over six connections, and over one connection of HTTP/2."""
    ways = {
        "HTTP/1.1, one connection, one after the other": ["--http1.1", f"https://{host}:{port}"],
        "HTTP/1.1, six connections": ["--http1.1", "--parallel", "--parallel-max", "6", f"https://{host}:{port}"],
        "HTTP/2, one connection": ["--http2", "--parallel", f"https://{host}:{port_h2}"],
    }
    taken = {}
    for name, (*options, base) in ways.items():
        start = time.monotonic()
        curl = ["curl", "--fail", "--insecure", "--no-progress-meter", "--max-time", "60", *options]
        done = subprocess.run(
            [*curl, f"{base}/[0-{OBJECTS - 1}].bin", "-o", "/dev/null", "-w", "%{size_download}\n"],
            capture_output=True, text=True,
        )  # fmt: skip
        whole = done.returncode == 0 and done.stdout.split() == [str(BYTES)] * OBJECTS
        taken[name] = round(time.monotonic() - start, 3) if whole else f"failed: {done.stderr.strip()[-200:]}"
    print(json.dumps({"objects": OBJECTS, "bytes_each": BYTES, "seconds": taken}, indent=1))


if __name__ == "__main__":
    {"serve": serve, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])
