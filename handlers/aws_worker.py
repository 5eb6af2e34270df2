"""The queue's messages, one batch an invocation: a message that cannot be done now stays, and stops nobody else's."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from handlers.bootstrap import Service
from storage.queue import TASKS

if TYPE_CHECKING:
    from handlers.aws import Context

RESERVE_MS = 15_000
"""A turn that is begun may take this long: a photo is fetched, decoded and stored, and LINE is spoken to."""
log = structlog.get_logger()


class TimeUp(Exception):
    """This message is not done, for there is no time for it."""


class Messages:
    """The function. Every message of a person after one that failed fails too, so that their order is kept."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._worker = service.worker
        self._jobs = service.jobs

    def __call__(self, event: dict[str, Any], context: "Context") -> dict[str, Any]:
        """One batch; answers which messages are to come again."""
        late = set[str]()
        processor = SqsFifoPartialProcessor(skip_group_on_error=True)
        processor.raise_on_entire_batch_failure = False

        def go_on() -> bool:
            return context.get_remaining_time_in_millis() > RESERVE_MS

        def one(record: SQSRecord) -> None:
            try:
                self._one(record.body, go_on)
            except TimeUp:
                late.add(record.attributes.message_group_id or "")
                raise
            except Exception:
                log.exception("message_failed")
                raise

        answer = process_partial_response(event, one, processor)
        failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
        self._soon([record for record in event["Records"] if record["messageId"] in failed], late)
        return {**answer}

    def _one(self, body: str, go_on: Callable[[], bool]) -> None:
        person, tasks = _read(body)
        if not go_on():
            raise TimeUp
        if tasks:
            self._jobs.attempt(TASKS, go_on)
        elif person:
            left = self._worker.work([person], go_on)
            self._service.wake(each for each in left if each != person)
            if person in left:
                raise TimeUp
        else:
            log.error("message_unreadable")

    def _soon(self, failed: list[dict[str, Any]], late: set[str]) -> None:
        """What only lacked time comes again soon; what failed comes when its time has run out, so that things mend."""
        receipts = [each["receiptHandle"] for each in failed if each["attributes"].get("MessageGroupId", "") in late]
        if receipts and self._service.queue:
            self._service.queue.soon(receipts)


def _read(body: str) -> tuple[str, bool]:
    """The person, or whether long work is meant; neither for a body that is none of ours and never gets better."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return "", False
    if not isinstance(data, dict):
        return "", False
    person = data.get("person")
    return person if isinstance(person, str) and person.isprintable() else "", data.get(TASKS) is True
