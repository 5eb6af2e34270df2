"""A registration and a whole dispatch with every log line written as in production; a module of its own process.

Standard error holds the log. Standard output is one JSON object: what was typed, who the people are, and the ids.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handlers.watch import logs
from tests.support.databases import fresh
from tests.support.drafts import submitted
from tests.support.ledger import Ledger
from tests.support.story import Stage, span
from tests.support.world import World, open_world


def remember(world: World) -> list[str]:
    """Every text that phones send from now on."""
    typed: list[str] = []
    say: Callable[..., Any] = world.platform.say

    def said(user_id: str, text: str, **more: Any) -> Any:
        typed.append(text)
        return say(user_id, text, **more)

    world.platform.say = said
    return typed


def secrets_of(world: World) -> list[str]:
    """What the tables know of people: names, addresses, phones, positions, and tokens of replies."""
    look = Ledger(world.service.database)
    found = look.rows("SELECT name FROM people UNION SELECT name FROM businesses UNION SELECT address FROM businesses")
    found += look.rows("SELECT contact_name FROM dispatch_details UNION SELECT contact_mail FROM dispatch_details")
    found += look.rows("SELECT contact_phone FROM dispatch_details UNION SELECT reply_token FROM outbox")
    found += look.rows("SELECT latitude FROM visit_positions UNION SELECT longitude FROM visit_positions")
    return [str(value) for (value,) in found if value]


def main(folder: Path) -> None:
    """One story; the approver hears of an application, which another person's turn caused."""
    logs.set_up()
    with open_world(folder, fresh("sqlite", folder)) as world:
        typed = remember(world)
        story = Stage(world).story()
        before = Ledger(world.service.database).one("SELECT max(seq) FROM outbox")
        submitted(world, story.approver, "志村 けい子")
        story.asks(span(story.workday(1)), span(story.workday(2)))
        story.sends()
        story.takes(1)
        story.visits(15)
        look = Ledger(world.service.database)
        told = look.rows("SELECT trace, recipient FROM outbox WHERE notice IS NOT NULL AND channel = 'line'")
        owners = dict(look.rows("SELECT event_id, user_id FROM inbox"))
        across = [trace for trace, recipient in told if trace in owners and owners[trace] != recipient]
        untraced = look.one("SELECT count(*) FROM outbox WHERE trace IS NULL AND seq > :before", before=before)
        out = {"typed": typed, "secrets": secrets_of(world), "across": across, "untraced": untraced}
        out["tokens"] = [world.service.settings.access_token, *world.service.settings.channel_secrets]
        print(json.dumps(out, ensure_ascii=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
