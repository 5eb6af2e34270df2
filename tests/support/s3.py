"""A real S3 server (SeaweedFS) on free ports of this machine."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

BUCKET = "papers"
SERVICES = ("master", "volume", "filer", "s3", "admin")
SETTINGS = {
    "ip": "127.0.0.1",
    "ip.bind": "127.0.0.1",
    "bucket": BUCKET,
    "s3.autoCreateBucket": "false",
    "s3.port.iceberg": "0",
    "s3.port.lance": "0",
    "webdav": "false",
    "admin.ui": "false",
    "master.telemetry": "false",
}
SOCKETS = Path("/tmp")  # the server's own choice, whatever it is told
PATIENCE = 30.0
ATTEMPTS = 3


class WeedDidNotStart(RuntimeError):
    """The server is not there; the message is its log."""


@dataclass(frozen=True)
class Seaweed:
    """Where the server is. `env` is what boto3 must find in the environment to reach it."""

    endpoint: str
    bucket: str = BUCKET
    env: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def seaweed() -> Iterator[Seaweed]:
    """A running server with one empty bucket; WeedDidNotStart when there is none after several tries."""
    folder = Path(tempfile.mkdtemp(prefix="weed-"))
    try:
        process, server = _started(folder)
        try:
            yield server
        finally:
            _end(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Different TCP ports nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _started(folder: Path) -> tuple[subprocess.Popen[bytes], Seaweed]:
    """Another process may take a port between our looking and its use: then again with others."""
    log = folder / "log"
    for attempt in range(ATTEMPTS):
        process, server = _start(folder / str(attempt), log)
        if _ready(process, server):
            return process, server
        _end(process)
    raise WeedDidNotStart(log.read_text(errors="replace"))


def _start(data: Path, log: Path) -> tuple[subprocess.Popen[bytes], Seaweed]:
    data.mkdir()
    numbers = free_ports(2 * len(SERVICES))
    ports = dict(zip([f"{name}.port{kind}" for name in SERVICES for kind in ("", ".grpc")], numbers, strict=True))
    places = {"dir": data, "s3.localSocket": data / "s3.sock", "filer.localSocket": data / "filer.sock"}
    flags = [f"-{name}={value}" for name, value in {**ports, **places, **SETTINGS}.items()]
    server = _server(ports["s3.port"])
    with log.open("ab") as output:
        process = subprocess.Popen(
            [_weed(), "mini", *flags],
            cwd=data,
            env={**os.environ, **server.env, "TMPDIR": str(data)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return process, server


def _end(process: subprocess.Popen[bytes]) -> None:
    """A polite end takes seconds and there is nothing to save; its sockets are then ours to clear away."""
    process.kill()
    process.wait()
    arguments = process.args if isinstance(process.args, list) else []
    for port in [str(flag).rpartition("=")[2] for flag in arguments if ".port.grpc=" in str(flag)]:
        for left in SOCKETS.glob(f"seaweedfs-*-grpc-{port}.sock"):
            left.unlink(missing_ok=True)


def _server(port: int) -> Seaweed:
    endpoint = f"http://127.0.0.1:{port}"
    env = {
        "AWS_ACCESS_KEY_ID": f"test{token_hex(6)}",
        "AWS_SECRET_ACCESS_KEY": token_hex(16),
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return Seaweed(endpoint, BUCKET, env)


def _ready(process: subprocess.Popen[bytes], server: Seaweed) -> bool:
    """Whether the bucket was there before our patience or the process ended."""
    client = Session(
        aws_access_key_id=server.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=server.env["AWS_SECRET_ACCESS_KEY"],
        region_name=server.env["AWS_DEFAULT_REGION"],
    ).client(
        "s3",
        endpoint_url=server.endpoint,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=1,
            read_timeout=2,
            retries={"total_max_attempts": 1},
        ),
    )
    end = time.monotonic() + PATIENCE
    with closing(client):
        while time.monotonic() < end and process.poll() is None:
            with suppress(ClientError, BotoCoreError):
                client.head_bucket(Bucket=server.bucket)
                return True
            time.sleep(0.05)
    return False


def _weed() -> str:
    return str(Path(sys.executable).parent / "weed")
