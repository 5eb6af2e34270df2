"""Going on with another LINE account, the stretches of talk that several journeys share."""

import json
from typing import Any

from storage import moves
from tests.support.desk import Office, code_in_words
from tests.support.drafts import submitted
from tests.support.ledger import Ledger
from tests.support.world import Phone, World

MAIL = "taro@example.jp"
SAME = "そのメールアドレスで登録された方がいれば"


def stranger(world: World, name: str = "新しい電話") -> Phone:
    phone = world.phone(name)
    phone.follows()
    return phone


def asks(phone: Phone, mail: str = MAIL) -> None:
    phone.says("アカウントをかえる")
    phone.taps("メールで確かめる")
    phone.says(mail)


def newest_code(world: World, to: str = MAIL) -> str:
    newest = "SELECT body FROM outbox WHERE recipient = :to AND channel = 'mail' ORDER BY seq DESC"
    return code_in_words(json.loads(Ledger(world.service.database).one(newest, to=to))[1])


def proved(world: World, phone: Phone) -> None:
    asks(phone)
    phone.says(newest_code(world))
    phone.sees("事務局の確認待ち")


def waiting_move(world: World) -> str:
    with world.service.database.read() as uow:
        (found,) = moves.listed(uow, "waiting", "")
    return found.id


def decide(desk: Office, answer: str, **form: str) -> Any:
    path = f"/admin/moves/{waiting_move(desk.world)}"
    desk.get(path)
    return desk.posts(f"{path}/{answer}", **form)


def registered_person(world: World) -> tuple[Phone, Phone]:
    approver = world.approver("佐藤 恵")
    return submitted(world, approver, "山田 太郎"), approver
