"""The services of AWS that the functions call, as moto plays them: the queue, parameters and secrets."""

import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from boto3.session import Session
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.aws.runtime_api import ACCOUNT, REGION

RECEIVES_MAX = 5


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Moto:
    """A server that can go away and come back at the same address, with what it held.

    The port stays ours meanwhile, by a socket that only holds it: whoever connects somewhere could else be given it.
    """

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server: BaseWSGIServer | None = None
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._halt()
        self._holder.close()

    @contextmanager
    def away(self, *, silent: bool = False) -> Iterator[None]:
        """Connections are refused meanwhile, or (`silent`) taken and never answered."""
        self._halt()
        with closing(_bound(self.port)) as deaf:
            if silent:
                deaf.listen(64)
            yield
        self._start()

    def _start(self) -> None:
        with closing(_bound(self.port)) as door:
            door.listen(64)
            self._server = make_server(
                "127.0.0.1", self.port, self._app, threaded=True, request_handler=Quiet, fd=door.fileno()
            )
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _halt(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def client(self, name: str, keys: Mapping[str, str]) -> Any:
        """A client of one service."""
        session = Session(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
        patient = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})
        return session.client(name, endpoint_url=self.url, config=patient)


def _bound(port: int) -> socket.socket:
    """A socket at a port of this machine, beside others of ours; 0 for any."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made


def make_queues(sqs: Any, visibility: int) -> tuple[str, str]:
    """The queue and its dead-letter queue, as `serverless.yml` makes them; their addresses."""
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}
    dead = sqs.create_queue(QueueName="events-dead.fifo", Attributes=fifo)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_MAX})
    more = {
        "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
        "VisibilityTimeout": str(visibility), "RedrivePolicy": redrive,
    }  # fmt: skip
    return sqs.create_queue(QueueName="events.fifo", Attributes=fifo | more)["QueueUrl"], dead


def queue_arn(name: str) -> str:
    """The name by which an event calls a queue."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


class Secrets:
    """Keeps secrets where the functions look for them; what a function's environment holds is the reference."""

    def __init__(self, moto: Moto, keys: Mapping[str, str], prefix: str = "/chusho119/test/") -> None:
        self._ssm, self._manager = moto.client("ssm", keys), moto.client("secretsmanager", keys)
        self._prefix = prefix

    def parameter(self, name: str, value: str) -> str:
        """As a SecureString of the Parameter Store."""
        self._ssm.put_parameter(Name=self._prefix + name, Value=value, Type="SecureString", Overwrite=True)
        return f"ssm:{self._prefix}{name}"

    def secret(self, name: str, key: str, value: str) -> str:
        """As one key of a secret, such as RDS makes it."""
        made = self._manager.create_secret(Name=name, SecretString=json.dumps({"username": "app", key: value}))
        return f"secretsmanager:{made['ARN']}#{key}"

    def close(self) -> None:
        self._ssm.close()
        self._manager.close()
