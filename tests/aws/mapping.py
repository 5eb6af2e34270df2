"""The event source mapping between a FIFO queue and a function: what Lambda's pollers do, when a test lets them."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.function import Result
from tests.aws.runtime_api import REGION

Message = dict[str, Any]


@dataclass
class Mapping:
    """`drain` hands over whatever is visible until nothing is; several batches at once, never two of one group.

    What failed stays invisible until `again` (its visibility timeout is over). `drop` decides which messages are lost
    on the way, `late` which ones are kept back until they are sent on.
    """

    sqs: Any
    url: str
    arn: str
    invoke: Callable[[dict[str, Any]], Result]
    visibility: int
    most: int = 10
    concurrency: int = 2
    drop: Callable[[Message], bool] = lambda _message: False
    results: list[Result] = field(default_factory=list)
    seen: list[Message] = field(default_factory=list)
    failed: list[Message] = field(default_factory=list)

    def drain(self) -> int:
        """Until the queue shows nothing more; how many messages were handed over."""
        handed, running = 0, set[Future[None]]()
        with ThreadPoolExecutor(self.concurrency) as pool:
            while True:
                batch = self.receive() if len(running) < self.concurrency else []
                if batch:
                    handed += len(batch)
                    running.add(pool.submit(self.hand, batch))
                elif running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for each in done:
                        each.result()
                else:
                    return handed

    def receive(self) -> list[Message]:
        """One batch; a message that is to be lost is deleted unseen. Nothing while the queue does not answer."""
        while True:
            try:
                found = self.sqs.receive_message(
                    QueueUrl=self.url, MaxNumberOfMessages=self.most, VisibilityTimeout=self.visibility,
                    MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"],
                ).get("Messages", [])  # fmt: skip
            except (BotoCoreError, ClientError):
                return []
            kept = [each for each in found if not self.drop(each)]
            self.delete(each for each in found if each not in kept)
            if kept or not found:
                return kept

    def hand(self, batch: list[Message]) -> None:
        """One batch through the function; what it names as failed, or all when it failed itself, stays in the queue."""
        result = self.invoke({"Records": [self.record(each) for each in batch]})
        self.results.append(result)
        self.seen += batch
        bad = failures(result, [each["MessageId"] for each in batch])
        self.delete(each for each in batch if each["MessageId"] not in bad)
        self.failed += [each for each in batch if each["MessageId"] in bad]

    def record(self, message: Message) -> dict[str, Any]:
        """A message as it stands in an event."""
        keys = (
            "SentTimestamp", "SenderId", "SequenceNumber", "MessageGroupId", "MessageDeduplicationId",
            "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
        )  # fmt: skip
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {key: str(message["Attributes"][key]) for key in keys if key in message["Attributes"]},
            "messageAttributes": message.get("MessageAttributes", {}),
            "md5OfBody": message.get("MD5OfBody", ""),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": REGION,
        }

    def delete(self, messages: Iterable[Message]) -> None:
        """These are done with."""
        for each in messages:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])

    def again(self) -> None:
        """The visibility timeout of whatever failed is over."""
        failed, self.failed = self.failed, []
        for each in failed:
            with suppress(ClientError):
                self.sqs.change_message_visibility(
                    QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0
                )

    def bodies(self) -> list[tuple[str, dict[str, Any]]]:
        """Group and body of whatever was handed over, in that order."""
        return [(each["Attributes"].get("MessageGroupId", ""), json.loads(each["Body"])) for each in self.seen]


def failures(result: Result, ids: list[str]) -> set[str]:
    """Which messages stay, as Lambda reads a report of failures: one it cannot read fails the whole batch."""
    if not result.ok:
        return set(ids)
    value = result.value
    if value is None or value == {}:
        return set()
    listed = value.get("batchItemFailures") if isinstance(value, dict) else None
    if listed is None:
        return set()
    bad = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in listed]
    return set(ids) if any(each not in ids for each in bad) else {each for each in bad if each}
