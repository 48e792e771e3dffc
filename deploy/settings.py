"""Every setting of Ghostnote: environment variables and `ghostnote.toml`, read once into one frozen record.

The environment wins over the file. Only this module reads either; everything else is handed plain values. Names are
`GHOSTNOTE_` and the field's name in capitals; in the file the field's name as it stands here.
"""

import difflib
import os
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import AfterValidator, AnyHttpUrl, AnyWebsocketUrl, Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

PREFIX = "GHOSTNOTE_"
FILE = "ghostnote.toml"


class SettingsError(Exception):
    """A setting has a wrong value; the message is the one sentence to print."""


def _url(value: str) -> str:
    if value:
        TypeAdapter(AnyHttpUrl).validate_python(value)
    return value.rstrip("/")


def _gateway(value: str) -> str:
    TypeAdapter(AnyWebsocketUrl).validate_python(value)
    return value.rstrip("/")


def _database(value: str) -> str:
    if value and not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("a database address begins with sqlite:/// or postgresql://")
    return value


def _accounts(value: str) -> str:
    for account in filter(None, map(str.strip, value.split(","))):
        if not all(account.partition(":")):
            raise ValueError(f"{account[:40]!r} is not of the form platform:id")
    return value


Url = Annotated[str, AfterValidator(_url)]
Gateway = Annotated[str, AfterValidator(_gateway)]
Port = Annotated[int, Field(ge=0, le=65535)]
Weight = Annotated[float, Field(ge=0, le=100)]


class Settings(BaseSettings):
    """What the owner of the machine can choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file=FILE, frozen=True, extra="forbid", str_strip_whitespace=True
    )

    home: Path = Field(default_factory=lambda: user_data_path("ghostnote"), description="Everything Ghostnote writes.")
    host: str = Field(default="127.0.0.1", min_length=1, description="Address the studio listens on.")
    port: Port = Field(default=8420, description="Port of the studio; 0 takes a free one.")
    token: SecretStr = Field(default=SecretStr(""), description="The studio asks for it; must be set off loopback.")
    database_url: Annotated[str, AfterValidator(_database)] = Field(
        default="", description="sqlite:///FILE or postgresql://...; empty: a SQLite file in the home."
    )
    text_model: str = Field(
        default="embedded",
        min_length=1,
        description="embedded, echo, a Hugging Face name such as gpt2, or a local folder.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where the models run.")
    inbox: int = Field(default=64, ge=1, le=10_000, description="Requests that may wait for the device.")
    telegram_token: SecretStr = Field(default=SecretStr(""), description="From @BotFather; empty: no Telegram.")
    telegram_api: Url = Field(default="https://api.telegram.org", description="Root of the Bot API server.")
    telegram_webhook_listen: str = Field(default="127.0.0.1", description="Address the webhook listens on.")
    telegram_webhook_port: Port = Field(default=8443, description="Port the webhook listens on.")
    telegram_webhook_url: Url = Field(default="", description="Public address of the webhook; empty: long polling.")
    telegram_webhook_secret: SecretStr = Field(default=SecretStr(""), description="Secret that Telegram sends along.")
    discord_token: SecretStr = Field(
        default=SecretStr(""), description="From Discord's developer portal; empty: no Discord."
    )
    discord_api: Url = Field(default="https://discord.com/api/v10", description="Root of Discord's REST API.")
    discord_gateway: Gateway = Field(
        default="wss://gateway.discord.gg", description="Discord's gateway; another one is used with a single shard."
    )
    owners: str = Field(default="", description="Who owns this machine: platform:id, separated by commas.")
    assume_consent: Literal["local", "nobody"] = Field(
        default="local",
        description="Who is learnt from without having said /consent on: local (studio and terminal, as long as the"
        " studio listens on loopback) or nobody.",
    )
    reviewers: Annotated[str, AfterValidator(_accounts)] = Field(
        default="", description="Whose votes weigh as a reviewer's: platform:id, separated by commas."
    )
    weight_author: Weight = Field(default=1.0, description="What a vote weighs of somebody who writes in the piece.")
    weight_reviewer: Weight = Field(default=2.0, description="What a vote of a reviewer weighs.")
    weight_reader: Weight = Field(default=0.5, description="What a vote of anybody else weighs.")
    learn_after: int = Field(default=50, ge=1, description="New votes that start a learning run of their own accord.")
    learn_every: float = Field(
        default=24.0, ge=0, le=8760, description="Hours between such runs at least; 0: only by `ghostnote learn`."
    )
    learn_scopes: str = Field(
        default="global", description="For whom such runs learn: global, form:…, channel:…, person:…, comma-separated."
    )
    learn_rate: float = Field(default=6e-4, gt=0, le=0.1, description="Learning rate; small bases take more.")
    learn_epochs: float = Field(default=1.0, gt=0, le=100, description="How often a run reads each example.")
    learn_threads: int = Field(default=1, ge=1, le=256, description="Processor threads that learning may use.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="How much is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file; nothing else."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def database(self) -> str:
        """The database's address, with the default filled in."""
        return self.database_url or f"sqlite:///{self.home / 'ghostnote.db'}"

    @property
    def adapters(self) -> Path:
        """Where the registry of adapters lies."""
        return self.home / "adapters"

    @property
    def tastes(self) -> Path:
        """Where the registry of tastes in music lies."""
        return self.home / "tastes"

    @property
    def learning(self) -> Path:
        """Where learning keeps its state, and in `reports` how its runs went."""
        return self.home / "learning"

    @property
    def owner_accounts(self) -> frozenset[str]:
        """The accounts of the owners, each as platform:id."""
        return frozenset(filter(None, (one.strip() for one in self.owners.split(","))))

    @property
    def loopback(self) -> bool:
        """Whether the studio can be reached from this machine only."""
        return self.host in ("127.0.0.1", "::1", "localhost") or self.host.startswith("127.")


COMPILED = Path(__file__).parents[1] / "engine" / "text"  # numba keeps what it compiled beside the module


def load() -> Settings:
    """Read the settings once; SettingsError names the first wrong one.

    What is compiled for this processor is kept beside the code, as Python does, or at home where that is read-only.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except (OSError, ValueError) as error:  # unreadable or malformed file
        raise SettingsError(f"{FILE} cannot be read: {error}.") from None
    if not settings.loopback and not settings.token.get_secret_value():
        raise SettingsError(f"{PREFIX}TOKEN must be set when {PREFIX}HOST is not loopback (it is {settings.host}).")
    if not os.access(COMPILED, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.home / "compiled"))
    return settings


def unknown() -> list[str]:
    """Environment variables that look like settings and are none, each with the likely intended name, if any."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    strays = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    return [" ".join([name, *(f"(did you mean {like}?)" for like in difflib.get_close_matches(name, known, 1))])
            for name in sorted(strays)]  # fmt: skip


def describe(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Rows of (name, value, default, meaning); secrets only as set or not."""
    defaults = Settings.model_construct()
    rows = []
    for name, field in Settings.model_fields.items():
        value, default = (_plain(getattr(source, name)) for source in (settings, defaults))
        rows.append((PREFIX + name.upper(), value, default, field.description or ""))
    return rows


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    return str(value)


def _sentence(error: ValidationError) -> str:
    """The first problem as one sentence that names the setting and never quotes a secret."""
    problem = error.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a setting of Ghostnote; `ghostnote settings` lists them."
    reason = problem["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{PREFIX}{name.upper()} has a wrong value: {reason[0].lower()}{reason[1:]}."
