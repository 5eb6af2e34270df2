"""Rich menus: what is refused, who sees which, aliases."""

import io
from typing import Any

import pytest
from PIL import Image

from bot.emulator import Platform
from tests.unit.emulator.conftest import Line, Product

TAP = {"type": "postback", "label": "承認待ち", "data": "menu"}


def menu(width: int = 800, height: int = 400, **more: Any) -> dict[str, Any]:
    size = {"width": width, "height": height}
    area = {"bounds": {"x": 0, "y": 0, "width": width, "height": height}, "action": TAP}
    return {"size": size, "selected": True, "name": "m", "chatBarText": "メニュー", "areas": [area], **more}


def area(x: int = 0, y: int = 0, width: int = 800, height: int = 400, action: Any = TAP) -> dict[str, Any]:
    return {"bounds": {"x": x, "y": y, "width": width, "height": height}, "action": action}


def picture(width: int = 800, height: int = 400, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, kind)
    return out.getvalue()


def upload(line: Line, menu_id: str, data: bytes, content_type: str = "image/png") -> int:
    headers = {"Authorization": "Bearer access-token"}
    path = f"/v2/bot/richmenu/{menu_id}/content"
    return line.client.post(path, data=data, content_type=content_type, headers=headers).status_code


def made(line: Line, **more: Any) -> str:
    menu_id = line.call("POST", "/richmenu", menu(**more)).json["richMenuId"]
    assert upload(line, menu_id, picture()) == 200
    return menu_id


@pytest.mark.parametrize(
    "body",
    [
        menu(),
        menu(2500, 1686),
        menu(800, 250),
        menu(chatBarText="あ" * 14),
        menu(name="あ" * 300),
        menu(areas=[area()] * 20),
        menu(areas=[]),
        menu(areas=[area(action={"type": "uri", "uri": "https://example.jp/"})]),
        menu(areas=[area(action={"type": "richmenuswitch", "richMenuAliasId": "a", "data": "d"})]),
    ],
)
def test_takes_what_is_just_inside(line: Line, body: Any) -> None:
    assert line.call("POST", "/richmenu/validate", body).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        menu(799, 400),
        menu(2501, 1000),
        menu(800, 249),
        menu(800, 600),
        menu(chatBarText="あ" * 15),
        menu(chatBarText=""),
        menu(name="あ" * 301),
        menu(areas=[area()] * 21),
        menu(areas=[area(x=1)]),
        menu(areas=[area(y=1)]),
        menu(areas=[area(action=None)]),
        menu(areas=[area(action={"type": "camera", "label": "a"})]),
        menu(areas=[area(action={**TAP, "label": "あ" * 21})]),
        menu(areas=[area(action={**TAP, "data": "a" * 301})]),
        menu(colour="red"),
    ],
)
def test_refuses_what_is_just_outside(line: Line, body: Any) -> None:
    assert line.call("POST", "/richmenu/validate", body).status_code == 400


def test_a_picture_fits_its_menu_and_stays(line: Line) -> None:
    menu_id = line.call("POST", "/richmenu", menu()).json["richMenuId"]
    assert upload(line, menu_id, b"GIF89a") == 400
    assert upload(line, menu_id, picture(), "image/jpeg") == 400
    assert upload(line, menu_id, picture(), "image/gif") == 415
    assert upload(line, menu_id, picture(800, 300)) == 400
    assert upload(line, menu_id, b"\0" * (1024 * 1024 + 1)) == 413
    assert line.call("GET", f"/richmenu/{menu_id}/content").status_code == 404
    assert upload(line, menu_id, picture(kind="JPEG"), "image/jpeg") == 200
    assert upload(line, menu_id, picture()) == 400
    assert line.call("GET", f"/richmenu/{menu_id}/content").mimetype == "image/jpeg"


def test_a_menu_without_a_picture_cannot_be_used(line: Line, user: str) -> None:
    menu_id = line.call("POST", "/richmenu", menu()).json["richMenuId"]
    assert line.call("POST", f"/user/{user}/richmenu/{menu_id}").status_code == 400
    assert line.call("POST", f"/user/all/richmenu/{menu_id}").status_code == 400
    assert line.call("POST", "/user/all/richmenu/richmenu-none").status_code == 404


def test_ones_own_menu_comes_before_the_default(platform: Platform, line: Line, user: str) -> None:
    def seen() -> str | None:
        shown = platform.menu_of(user)
        return shown.menu_id if shown else None

    common, own = made(line), made(line, name="own")
    assert line.call("GET", "/user/all/richmenu").status_code == 404
    line.call("POST", f"/user/all/richmenu/{common}")
    assert (seen(), line.call("GET", "/user/all/richmenu").json) == (common, {"richMenuId": common})
    line.call("POST", f"/user/{user}/richmenu/{own}")
    assert (seen(), line.call("GET", f"/user/{user}/richmenu").json) == (own, {"richMenuId": own})
    line.call("DELETE", f"/user/{user}/richmenu")
    assert seen() == common
    assert line.call("GET", f"/user/{user}/richmenu").status_code == 404
    line.call("POST", f"/user/{user}/richmenu/{own}")
    line.call("DELETE", f"/richmenu/{own}")
    assert seen() == common
    line.call("DELETE", "/user/all/richmenu")
    assert seen() is None
    assert [each["richMenuId"] for each in line.call("GET", "/richmenu/list").json["richmenus"]] == [common]


def test_a_link_is_without_effect_on_who_blocks(platform: Platform, line: Line, user: str) -> None:
    menu_id = made(line)
    platform.block(user)
    assert line.call("POST", f"/user/{user}/richmenu/{menu_id}").status_code == 200
    platform.unblock(user)
    assert platform.menu_of(user) is None


def test_aliases(line: Line) -> None:
    first, second = made(line), made(line, name="b")
    named = {"richMenuAliasId": "expert-1", "richMenuId": first}
    assert line.call("POST", "/richmenu/alias", named).status_code == 200
    assert line.call("POST", "/richmenu/alias", named).status_code == 400
    assert line.call("POST", "/richmenu/alias", {**named, "richMenuAliasId": "A"}).status_code == 400
    assert line.call("POST", "/richmenu/alias", {**named, "richMenuAliasId": "a" * 33}).status_code == 400
    assert line.call("POST", "/richmenu/alias/expert-1", {"richMenuId": second}).status_code == 200
    assert line.call("POST", "/richmenu/alias/other", {"richMenuId": second}).status_code == 404
    assert line.call("GET", "/richmenu/alias/expert-1").json == {**named, "richMenuId": second}
    assert line.call("GET", "/richmenu/alias/list").json == {"aliases": [{**named, "richMenuId": second}]}
    assert line.call("DELETE", "/richmenu/alias/expert-1").status_code == 200
    assert line.call("DELETE", "/richmenu/alias/expert-1").status_code == 404


def test_switching_menus_reports_how_it_went(platform: Platform, line: Line, user: str, product: Product) -> None:
    menu_id = made(line)
    line.call("POST", "/richmenu/alias", {"richMenuAliasId": "next", "richMenuId": menu_id})
    switch = {"type": "richmenuswitch", "richMenuAliasId": "next", "data": "d"}
    platform.tap(user, switch, wait=True)
    platform.tap(user, {**switch, "richMenuAliasId": "none"}, wait=True)
    line.call("DELETE", f"/richmenu/{menu_id}")
    platform.tap(user, switch, wait=True)
    assert [event["postback"]["params"]["status"] for event in product.events[1:]] == [
        "SUCCESS",
        "RICHMENU_ALIAS_ID_NOTFOUND",
        "RICHMENU_NOTFOUND",
    ]
