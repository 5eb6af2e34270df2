"""The Messaging API: rich menus, their pictures, links and aliases."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from linebot.v3.messaging import models

from bot.emulator import menu_rules
from bot.emulator.api import json_body
from bot.emulator.platform import Platform
from bot.emulator.records import Menu
from bot.emulator.refusals import LineError, invalid_body
from bot.emulator.shapes import problems_of_shape


def blueprint(platform: Platform) -> Blueprint:
    """The endpoints, bound to one platform."""
    routes = Blueprint("api_menus", __name__, url_prefix="/v2/bot")
    _menus(routes, platform)
    _pictures(routes, platform)
    _links(routes, platform)
    _aliases(routes, platform)
    return routes


def _as_json(menu: Menu) -> dict[str, Any]:
    return {"richMenuId": menu.menu_id, **menu.definition}


def _menus(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/richmenu")
    def create() -> Response:
        body = json_body()
        platform.refuse_menu(body)
        return jsonify(richMenuId=platform.create_menu(body))

    @routes.post("/richmenu/validate")
    def validate() -> Response:
        platform.refuse_menu(json_body())
        return jsonify({})

    @routes.get("/richmenu/list")
    def all_menus() -> Response:
        return jsonify(richmenus=[_as_json(menu) for menu in list(platform.menus.values())])

    @routes.get("/richmenu/<menu_id>")
    def one(menu_id: str) -> Response:
        return jsonify(_as_json(platform.menu(menu_id)))

    @routes.delete("/richmenu/<menu_id>")
    def delete(menu_id: str) -> Response:
        platform.delete_menu(menu_id)
        return jsonify({})


def _pictures(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/richmenu/<menu_id>/content")
    def upload(menu_id: str) -> Response:
        platform.upload_menu_image(menu_id, request.get_data(), request.content_type or "")
        return jsonify({})

    @routes.get("/richmenu/<menu_id>/content")
    def download(menu_id: str) -> Response:
        data, content_type = platform.menu_image(menu_id)
        return Response(data, mimetype=content_type)


def _links(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/user/all/richmenu/<menu_id>")
    def set_default(menu_id: str) -> Response:
        platform.set_default_menu(menu_id)
        return jsonify({})

    @routes.get("/user/all/richmenu")
    def default() -> Response:
        if platform.default_menu is None:
            raise LineError(404, "no default richmenu")
        return jsonify(richMenuId=platform.default_menu)

    @routes.delete("/user/all/richmenu")
    def clear_default() -> Response:
        platform.set_default_menu(None)
        return jsonify({})

    @routes.post("/user/<user_id>/richmenu/<menu_id>")
    def link(user_id: str, menu_id: str) -> Response:
        platform.link_menu(user_id, menu_id)
        return jsonify({})

    @routes.get("/user/<user_id>/richmenu")
    def linked(user_id: str) -> Response:
        phone = platform.users.get(user_id)
        if phone is None or phone.menu_id is None:
            raise LineError(404, "the user has no richmenu")
        return jsonify(richMenuId=phone.menu_id)

    @routes.delete("/user/<user_id>/richmenu")
    def unlink(user_id: str) -> Response:
        platform.link_menu(user_id, None)
        return jsonify({})


def _aliases(routes: Blueprint, platform: Platform) -> None:
    def as_json(alias: str) -> dict[str, str]:
        return {"richMenuAliasId": alias, "richMenuId": platform.alias(alias)}

    @routes.post("/richmenu/alias")
    def create_alias() -> Response:
        body = json_body()
        menu_rules.refuse_alias(body)
        platform.create_alias(body["richMenuAliasId"], body["richMenuId"])
        return jsonify({})

    @routes.get("/richmenu/alias/list")
    def all_aliases() -> Response:
        return jsonify(aliases=[as_json(alias) for alias in list(platform.aliases)])

    @routes.get("/richmenu/alias/<alias>")
    def one_alias(alias: str) -> Response:
        return jsonify(as_json(alias))

    @routes.post("/richmenu/alias/<alias>")
    def update_alias(alias: str) -> Response:
        body = json_body()
        problems = problems_of_shape(body, models.UpdateRichMenuAliasRequest)
        if problems:
            raise invalid_body(problems)
        platform.update_alias(alias, body["richMenuId"])
        return jsonify({})

    @routes.delete("/richmenu/alias/<alias>")
    def delete_alias(alias: str) -> Response:
        platform.delete_alias(alias)
        return jsonify({})
