"""The settings of `architecture.md` 3, read from a mapping once; only `bootstrap` hands in the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LINE_API = "https://api.line.me"
LINE_DATA_API = "https://api-data.line.me"
LOCAL_TOKEN = "local"  # noqa: S105 - the stand-in's, never LINE's
SECRET_LEAST = 32


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """What the service is told from outside. `local`: no LINE credentials, the stand-in plays LINE."""

    channel_secrets: tuple[str, ...]
    access_token: str
    api_base_url: str
    data_api_base_url: str
    database_url: str
    file_store_url: str
    mail_url: str
    mail_sender: str
    public_base_url: str
    port: int
    bind_host: str
    web_concurrency: int
    serve_worker: bool
    secret_keys: tuple[str, ...]
    field_keys: tuple[str, ...]
    digest_key: str
    database_proxy: bool
    event_queue_url: str
    metrics_token: str
    trusted_hops: int
    account_id: str
    liff_id: str
    login_channel_id: str
    map_tiles: tuple[str, str, str] | None
    geocoder_url: str
    local: bool
    var: Path

    @property
    def secret_key(self) -> str:
        """The key that signs; the others of SECRET_KEY are still believed."""
        return self.secret_keys[0]


def read(environment: Mapping[str, str], var: Path = Path("var")) -> Settings:
    """The settings; SettingsError names the one that is missing or makes no sense."""
    secrets = _list(environment.get("LINE_CHANNEL_SECRET", ""))
    token = environment.get("LINE_CHANNEL_ACCESS_TOKEN", "")
    if bool(secrets) != bool(token):
        raise SettingsError("LINE_CHANNEL_SECRET and LINE_CHANNEL_ACCESS_TOKEN go together: set both, or neither.")
    local = not token
    liff_id, login_channel_id = _liff(environment)
    port = _number(environment, "PORT", 8119)
    here = f"http://localhost:{port}"
    return Settings(
        channel_secrets=secrets or (_kept(var / "channel_secret"),),
        access_token=token or LOCAL_TOKEN,
        api_base_url=environment.get("LINE_API_BASE_URL") or (f"http://127.0.0.1:{port}" if local else LINE_API),
        data_api_base_url=environment.get("LINE_DATA_API_BASE_URL")
        or (f"http://127.0.0.1:{port}" if local else LINE_DATA_API),
        database_url=environment.get("DATABASE_URL") or f"sqlite:///{var / 'chusho119.db'}",
        file_store_url=environment.get("FILE_STORE_URL") or f"file:{var / 'files'}",
        mail_url=environment.get("MAIL_URL") or f"file:{var / 'mail'}",
        mail_sender=environment.get("MAIL_SENDER") or "no-reply@localhost",
        public_base_url=environment.get("PUBLIC_BASE_URL") or here,
        port=port,
        bind_host=environment.get("BIND_HOST") or "0.0.0.0",  # noqa: S104
        web_concurrency=_number(environment, "WEB_CONCURRENCY", 1),
        serve_worker=_switch(environment, "SERVE_WORKER", default=True),
        secret_keys=_secret_keys(environment, var, local=local),
        field_keys=_field_keys(environment, var, local=local),
        digest_key=_digest_key(environment),
        database_proxy=_switch(environment, "DATABASE_PROXY", default=False),
        event_queue_url=environment.get("EVENT_QUEUE_URL", ""),
        metrics_token=environment.get("METRICS_TOKEN", ""),
        trusted_hops=_number(environment, "TRUSTED_PROXY_HOPS", 0),
        account_id=environment.get("LINE_ACCOUNT_ID") or "@chusho119",
        liff_id=liff_id,
        login_channel_id=login_channel_id,
        map_tiles=_tiles(environment),
        geocoder_url=_geocoder(environment),
        local=local,
        var=var,
    )


def _liff(environment: Mapping[str, str]) -> tuple[str, str]:
    liff_id, channel = environment.get("LIFF_ID", ""), environment.get("LINE_LOGIN_CHANNEL_ID", "")
    if bool(liff_id) != bool(channel):
        raise SettingsError("LIFF_ID and LINE_LOGIN_CHANNEL_ID go together: set both, or neither.")
    if liff_id and not re.fullmatch(r"[0-9]+-[A-Za-z0-9]+", liff_id):
        raise SettingsError(f"LIFF_ID looks like 1234567890-AbcdEfgh, not {liff_id!r}.")
    return liff_id, channel


def _tiles(environment: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The tiles' address, whom to credit, and that one's page: the last word of the credit where it is an address."""
    url, credit = environment.get("MAP_TILES_URL", ""), environment.get("MAP_TILES_CREDIT", "").strip()
    if bool(url) != bool(credit):
        raise SettingsError("MAP_TILES_URL and MAP_TILES_CREDIT go together: set both, or neither.")
    if not url:
        return None
    host = r"https?://(\{s\}\.)?[A-Za-z0-9.-]+(:[0-9]+)?/"
    if not re.match(host, url) or not all(part in url for part in ("{z}", "{x}", "{y}")):
        raise SettingsError(f"MAP_TILES_URL looks like https://tiles.example.jp/{{z}}/{{x}}/{{y}}.png, not {url!r}.")
    words, _, link = credit.rpartition(" ")
    return (url, words, link) if link.startswith("https://") and words else (url, credit, "")


def _geocoder(environment: Mapping[str, str]) -> str:
    url = environment.get("GEOCODER_URL", "")
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?", url):
        raise SettingsError(f"GEOCODER_URL looks like https://nominatim.example.jp, not {url!r}.")
    return url


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _switch(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environment.get(name) or str(int(default))
    if text not in ("0", "1"):
        raise SettingsError(f"{name} is 1 or 0, not {text!r}.")
    return text == "1"


def _secret_keys(environment: Mapping[str, str], var: Path, *, local: bool) -> tuple[str, ...]:
    """The newest first: the first one signs, all are believed. Guessable ones are refused where it matters."""
    keys = _list(_key(environment, "SECRET_KEY", var, local=local))
    if not keys:
        raise SettingsError("SECRET_KEY holds no key. Make one with: chusho119 new-key")
    _no_twins("SECRET_KEY", keys)
    if not local and any(len(key) < SECRET_LEAST for key in keys):
        raise SettingsError(
            f"each key of SECRET_KEY has {SECRET_LEAST} characters or more. Make one with: chusho119 new-key"
        )
    if not local and set(keys) & set(_list(environment.get("FIELD_KEYS", ""))):
        raise SettingsError("SECRET_KEY and FIELD_KEYS hold the same key: each needs keys of its own.")
    return keys


def _field_keys(environment: Mapping[str, str], var: Path, *, local: bool) -> tuple[str, ...]:
    """The newest first: the first one seals, all open."""
    keys = _list(_key(environment, "FIELD_KEYS", var, local=local))
    for place, key in enumerate(keys, 1):
        _is_sealing_key(key, f"key {place} of FIELD_KEYS")
    _no_twins("FIELD_KEYS", keys)
    if not keys:
        raise SettingsError("FIELD_KEYS holds no key. Make one with: chusho119 new-key")
    return keys


def _digest_key(environment: Mapping[str, str]) -> str:
    """Empty: the last of FIELD_KEYS, as it was before there was a setting."""
    key = environment.get("DIGEST_KEY", "").strip()
    if key:
        _is_sealing_key(key, "DIGEST_KEY")
    return key


def _is_sealing_key(key: str, named: str) -> None:
    from storage.secrets import Vault

    try:
        Vault([key])
    except ValueError:
        raise SettingsError(
            f"{named} is not 32 bytes of urlsafe base64 (the end may be missing). Make one with: chusho119 new-key"
        ) from None


def _no_twins(name: str, keys: tuple[str, ...]) -> None:
    if len(set(keys)) < len(keys):
        raise SettingsError(f"{name} names the same key twice: leave one of them out.")


def _key(environment: Mapping[str, str], name: str, var: Path, *, local: bool) -> str:
    given = environment.get(name, "")
    if given:
        return given
    if not local:
        raise SettingsError(f"{name} is required outside a local run. Make one with: chusho119 new-key")
    return _kept(var / name.lower())


def _kept(path: Path) -> str:
    """A key made at the first local run and kept beside the data it belongs to."""
    from storage.files import write_whole
    from storage.secrets import new_key

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, new_key().encode())
    return path.read_text().strip()
