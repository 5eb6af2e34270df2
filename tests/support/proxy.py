"""nginx, as the example of `deploy/linux` sets it up, in front of something on a port of this machine."""

import http.client
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.support.programs import needed
from tests.support.s3 import free_ports
from tests.support.source import ROOT

NAME = "119.example.jp"
EXAMPLE = ROOT / "deploy" / "linux" / "nginx.conf"
AROUND = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/main.log;
{user}
events {{ }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    port: int
    plain_port: int
    folder: Path
    certificate: Path

    def context(self) -> ssl.SSLContext:
        """Trusts the proxy's own certificate alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """One request over TLS by the service's name."""
        connection = _Named("127.0.0.1", self.port, context=self.context(), timeout=60)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body or None, {"Host": NAME, **headers})
            found = connection.getresponse()
            return Answer(found.status, found.headers, found.read())
        finally:
            connection.close()

    def logged(self) -> str:
        """What it has written into its logs."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


class _Named(http.client.HTTPSConnection):
    """Connects to this machine, and asks for the certificate of the service's name."""

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        context: ssl.SSLContext = getattr(self, "_context")  # noqa: B009
        self.sock = context.wrap_socket(plain, server_hostname=NAME)


@contextmanager
def nginx(folder: Path, upstream: int) -> Iterator[Proxy]:
    """The example, with its ports, its names of files and its upstream changed, and nothing else."""
    program = needed("nginx", "nginx-light")
    folder.mkdir()
    folder.chmod(0o711)
    port, plain = free_ports(2)
    certificate = _certificate(folder)
    site = EXAMPLE.read_text()
    for old, new in {
        "[::]:443": f"[::1]:{port}", "[::]:80": f"[::1]:{plain}", "listen 443": f"listen 127.0.0.1:{port}",
        "listen 80": f"listen 127.0.0.1:{plain}", "127.0.0.1:8119": f"127.0.0.1:{upstream}",
        f"/etc/letsencrypt/live/{NAME}": str(folder), "/var/log/nginx": str(folder),
    }.items():  # fmt: skip
        assert old in site, old
        site = site.replace(old, new)
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        site = "\n".join(line for line in site.splitlines() if "[::1]" not in line)
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf"), "-p", str(folder)], stderr=subprocess.PIPE)
    try:
        _await(port, process)
        yield Proxy(port, plain, folder, certificate)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _certificate(folder: Path) -> Path:
    subprocess.run(
        [needed("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "fullchain.pem"


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1].decode())
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("nginx did not start")
