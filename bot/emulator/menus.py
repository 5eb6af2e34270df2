"""Rich menus and their aliases; which one a person sees."""

from typing import Any

from bot.emulator import ids
from bot.emulator.core import Core
from bot.emulator.records import Json, Menu, Phone
from bot.emulator.refusals import LineError
from bot.line import limits

_DEFAULT = "default"


class Menus(Core):
    """Order: a person's own menu, then the account's default."""

    def __init__(self, *core: Any, **more: Any) -> None:
        super().__init__(*core, **more)
        self.menus: dict[str, Menu] = {key: Menu(**body) for key, body in self.store.all("menu").items()}
        self.aliases: dict[str, str] = self.store.all("alias")
        self.default_menu: str | None = self.store.all("setting").get(_DEFAULT)

    def create_menu(self, definition: Json) -> str:
        """A new menu, still without a picture; its id."""
        with self.lock:
            if len(self.menus) >= limits.MENUS_MAX:
                raise LineError(400, "The number of rich menus exceeds the limit")
            menu = Menu(ids.rich_menu_id(), definition)
            self.menus[menu.menu_id] = menu
            self.store.put("menu", menu.menu_id, menu.as_json())
            return menu.menu_id

    def menu(self, menu_id: str) -> Menu:
        """LineError 404 when there is none."""
        menu = self.menus.get(menu_id)
        if menu is None:
            raise LineError(404, "richmenu not found")
        return menu

    def set_menu_image(self, menu_id: str, data: bytes, content_type: str) -> None:
        """Once only: LINE does not replace the picture of a menu."""
        with self.lock:
            menu = self.menu(menu_id)
            if menu.image_type:
                raise LineError(400, "An image has already been uploaded to the richmenu")
            menu.image_type = content_type.partition(";")[0].strip().lower()
            self.store.put_bytes(f"menu/{menu_id}", data)
            self.store.put("menu", menu_id, menu.as_json())

    def menu_image(self, menu_id: str) -> tuple[bytes, str]:
        """The picture and its media type; LineError 404 while there is none."""
        with self.lock:
            menu = self.menu(menu_id)
            if not menu.image_type:
                raise LineError(404, "Not found")
            return self.store.bytes_of(f"menu/{menu_id}"), menu.image_type

    def delete_menu(self, menu_id: str) -> None:
        """The menu goes, and with it each link to it; aliases stay and point nowhere."""
        with self.lock:
            self.menu(menu_id)
            del self.menus[menu_id]
            self.store.delete("menu", menu_id)
            self.store.delete_bytes(f"menu/{menu_id}")
            if self.default_menu == menu_id:
                self.set_default_menu(None)
            for phone in self.users.values():
                if phone.menu_id == menu_id:
                    self._link(phone, None)

    def set_default_menu(self, menu_id: str | None) -> None:
        """What everyone sees who has no menu of their own."""
        with self.lock:
            if menu_id:
                self._usable(menu_id)
            self.default_menu = menu_id
            self.store.put("setting", _DEFAULT, menu_id)
            self.changed(None)

    def link_menu(self, user_id: str, menu_id: str | None) -> None:
        """A person's own menu; without effect for who is not a friend or blocks."""
        with self.lock:
            if menu_id:
                self._usable(menu_id)
            phone = self.users.get(user_id)
            if phone and phone.reachable:
                self._link(phone, menu_id)

    def menu_of(self, user_id: str) -> Menu | None:
        """The menu this person sees now."""
        phone = self.phone(user_id)
        shown = phone.menu_id or self.default_menu
        return self.menus.get(shown) if shown and phone.reachable else None

    def create_alias(self, alias: str, menu_id: str) -> None:
        """A lasting name for a menu; 400 when the name is taken."""
        with self.lock:
            if alias in self.aliases:
                raise LineError(400, "conflict richmenu alias id")
            self._point(alias, menu_id)

    def update_alias(self, alias: str, menu_id: str) -> None:
        """Let a name mean another menu; 404 when there is no such name."""
        with self.lock:
            self.alias(alias)
            self._point(alias, menu_id)

    def delete_alias(self, alias: str) -> None:
        """404 when there is no such name."""
        with self.lock:
            self.alias(alias)
            del self.aliases[alias]
            self.store.delete("alias", alias)

    def alias(self, alias: str) -> str:
        """The menu a name means; LineError 404."""
        if alias not in self.aliases:
            raise LineError(404, "richmenu alias not found")
        return self.aliases[alias]

    def _point(self, alias: str, menu_id: str) -> None:
        if menu_id not in self.menus:
            raise LineError(400, "richmenu not found")
        if not self.menus[menu_id].image_type:
            raise LineError(400, "must upload richmenu image before creating richmenu alias")
        self.aliases[alias] = menu_id
        self.store.put("alias", alias, menu_id)

    def _usable(self, menu_id: str) -> None:
        if not self.menu(menu_id).image_type:
            raise LineError(400, "must upload richmenu image before applying it to user")

    def _link(self, phone: Phone, menu_id: str | None) -> None:
        phone.menu_id = menu_id
        self._keep(phone)
        self.changed(phone.user_id)
