"""Talks in a closed loop: a person sends the next message once the answer to the last has arrived."""

import selectors
import time
from dataclasses import dataclass, field

from benchmarks import traffic
from benchmarks.load import Line
from benchmarks.people import ANSWERS
from benchmarks.standin import StandIn


@dataclass
class Person:
    """One talk over one kept connection to the webhook."""

    line: Line
    user_id: str
    waiting: list[bytes]
    acknowledged: bool = True
    answered: bool = True

    def ready(self) -> bool:
        """Whether the last message was both acknowledged and answered."""
        return self.acknowledged and self.answered

    def send(self) -> None:
        """The next message."""
        self.acknowledged = self.answered = False
        self.line.send(self.waiting.pop(0))


@dataclass
class Outcome:
    """What came of it; `latencies` from sending to the answer's arrival at the stand-in, in seconds."""

    elapsed: float = 0.0
    latencies: list[float] = field(default_factory=list)
    pushes: int = 0

    @property
    def rate(self) -> float:
        """Turns a second."""
        return len(self.latencies) / self.elapsed


def talk(standin: StandIn, port: int, user_ids: list[str], at_once: int, seconds: float = 40) -> Outcome:
    """Everybody gives all answers; `at_once` people talk at the same time."""
    tokens = standin.tokens(user_ids, len(ANSWERS))
    now = int(time.time() * 1000)
    scripts = {
        user_id: [
            traffic.request(traffic.body_of(traffic.text_event(user_id, words, now + number, token)))
            for number, (words, token) in enumerate(zip(ANSWERS, tokens[user_id], strict=True))
        ]
        for user_id in user_ids
    }
    queue, outcome = list(scripts.items()), Outcome()
    lines = [Line(port) for _ in range(at_once)]
    talking: dict[str, Person] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(standin.pipe, selectors.EVENT_READ, None)
        started = time.perf_counter()
        for line in lines:
            _begin(line, queue, talking, selector)
        while talking:
            if time.perf_counter() - started > seconds:
                raise RuntimeError(f"{len(outcome.latencies)} turns after {seconds:.0f} s")
            for key, _ in selector.select(timeout=1):
                person = _heard(standin, talking, outcome) if key.data is None else _read(key.data, talking)
                if person is None or not person.ready():
                    continue
                if person.waiting:
                    person.send()
                else:
                    del talking[person.user_id]
                    selector.unregister(person.line.socket)
                    _begin(person.line, queue, talking, selector)
        outcome.elapsed = time.perf_counter() - started
    for line in lines:
        line.socket.close()
    return outcome


def _begin(
    line: Line, queue: list[tuple[str, list[bytes]]], talking: dict[str, Person], selector: selectors.BaseSelector
) -> None:
    if not queue:
        return
    user_id, script = queue.pop(0)
    talking[user_id] = person = Person(line, user_id, script)
    selector.register(line.socket, selectors.EVENT_READ, user_id)
    person.send()


def _heard(standin: StandIn, talking: dict[str, Person], outcome: Outcome) -> Person | None:
    kind, user_id = standin.pipe.recv()
    person = talking.get(user_id)
    if person is None or person.answered:
        raise RuntimeError(f"a {kind} nobody waited for")
    outcome.latencies.append(time.perf_counter() - person.line.sent_at)
    outcome.pushes += kind == "push"
    person.answered = True
    return person


def _read(user_id: str, talking: dict[str, Person]) -> Person:
    person = talking[user_id]
    status = person.line.read()
    if status not in (None, 200):
        raise RuntimeError(f"answered with {status}")
    person.acknowledged = status == 200 or person.acknowledged
    return person
