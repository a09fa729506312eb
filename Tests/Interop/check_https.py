"""Checks `iwae-gpu data fetch` against an HTTPS server on this machine.

    check_https.py PROGRAM

The server has a certificate of its own making. It must be refused unless it is trusted, and what it
sends must be refused for its digest while it is not what the set is made of. Where IWAE_GPU_DATA has
the real file, that must arrive.
"""
import functools
import http.server
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading

from agreement import fail, skip

NAME = "frey/frey_rawface.mat"
SIZE = 1_100_584


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem",
         "-out", folder / "certificate.pem"], check=True, capture_output=True)


def serve(folder):
    handler = functools.partial(QuietHandler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_certificate(folder)
        (folder / "frey").mkdir()
        (folder / NAME).write_bytes(bytes(SIZE))
        # Nothing but this server can be reached.
        environment = {
            **os.environ, "IWAE_GPU_MIRROR": f"https://127.0.0.1:{serve(folder)}",
            "IWAE_GPU_DATA": str(folder / "data"), "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1"}
        trusted = {"SSL_CERT_FILE": str(folder / "certificate.pem")}
        for extra, expected in (({}, "could not prove who it is"), (trusted, "sent other bytes")):
            result = subprocess.run(
                [program, "data", "fetch", "frey", "--quiet"], capture_output=True, text=True,
                env={**environment, **extra})
            if result.returncode != 1 or expected not in result.stderr:
                fail(f"expected status 1 and '{expected}', found {result.returncode} and "
                     f"{result.stderr.strip()}")
            left = [path.name for path in (folder / "data").rglob("*") if path.is_file()]
            if left:
                fail(f"a refused download left {left}.")
            print(f"  {'trusted' if extra else 'unknown'} certificate: {expected}")
        real = pathlib.Path(os.environ.get("IWAE_GPU_DATA") or "nowhere") / NAME
        if real.exists():
            shutil.copyfile(real, folder / NAME)
            result = subprocess.run(
                [program, "data", "fetch", "frey", "--quiet"], capture_output=True, text=True,
                env={**environment, **trusted})
            arrived = folder / "data" / NAME
            if result.returncode or arrived.read_bytes() != real.read_bytes():
                fail(f"the real file did not arrive: {result.stderr.strip()}")
            print("  trusted certificate, the real file: it arrived")
        else:
            skip("the real file over HTTPS (it is not in IWAE_GPU_DATA)")
    print("HTTPS is verified, and so is what comes over it")


if __name__ == "__main__":
    main()
