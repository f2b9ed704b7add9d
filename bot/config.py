"""Owns the settings: config.yml's `bot:` section and the environment, frozen, all problems reported at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.domain.contact import Channel
from bot.domain.errors import ConfigurationError

PREFIX = "MUSTER_"
_MAIL = re.compile(r"[^@\s,<>\"]+@[^@\s,<>\"]+")
ROOT = Path(__file__).resolve().parent.parent  # flows/, locales/, nlu_data/ and config.yml lie beside the package


class Thresholds(BaseModel):
    """How sure understanding must be, as probabilities from 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    danger: float = Field(0.4, ge=0, le=1)  # at least this: the danger flow starts
    danger_doubt: float = Field(0.08, ge=0, le=1)  # at least this: ask, and open a case
    intent: float = Field(0.55, ge=0, le=1)  # at least this: the intent's flow starts
    intent_doubt: float = Field(0.2, ge=0, le=1)  # at least this: offer the likeliest flows
    switch: float = Field(0.75, ge=0, le=1)  # at least this: another flow may interrupt a question


class Retention(BaseModel):
    """How many days each kind of data is kept (R18)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: int = Field(180, ge=1)
    documents: int = Field(365, ge=1)
    cases: int = Field(730, ge=1)
    audit: int = Field(1825, ge=365)  # longer than any case, so that who looked at one can be asked after its end


class Pace(BaseModel):
    """What a provider lets one sender send: messages a second, in bursts of, and seconds between two to one address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(gt=0)
    burst: float = Field(gt=0)
    address_seconds: float = Field(0, ge=0)


# The providers' own figures: Telegram 30/s and 1/s to one chat, an SMS long code 1 segment/s, a WhatsApp sender 80/s.
_PACES = {
    Channel.TELEGRAM: Pace(rate=30, burst=30, address_seconds=1),
    Channel.SMS: Pace(rate=1, burst=3),
    Channel.WHATSAPP: Pace(rate=80, burst=80, address_seconds=0),
    Channel.WEBCHAT: Pace(rate=5000, burst=5000),
}


class _BotSection(PydanticBaseSettingsSource):
    """Reads config.yml's `bot:` section; the environment comes before it."""

    def __init__(self, settings_cls: type[BaseSettings], section: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._section = section

    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:
        return self._section.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._section)


class Settings(BaseSettings):
    """Everything that a deployment decides. Secrets come from the environment only."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_nested_delimiter="__")

    root: Path = ROOT
    home: Path = Path(".muster")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    sandbox_port: int = Field(8081, ge=0, le=65535)
    public_url: str = ""
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    nlu_url: str = ""
    nlu_port: int = Field(5005, ge=1, le=65535)
    keys: SecretStr = SecretStr("")
    translation_url: str = ""  # a LibreTranslate server; without one operators read and write as it stands
    translation_key: SecretStr = SecretStr("")

    telegram_token: SecretStr = SecretStr("")
    telegram_secret: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_name: str = ""  # the bot's own, without @: for links and posters
    telegram_mode: Literal["polling", "webhook"] = "polling"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_api_url: str = "https://api.twilio.com"
    sms_from: str = ""
    whatsapp_from: str = ""
    whatsapp_buttons: bool = False  # quick replies and lists through Twilio's Content API, which must be allowed
    whatsapp_reach: int | None = Field(None, ge=0)  # people a day outside the window: 250 for a new account
    whatsapp_template: str = ""  # Content SID sent outside the 24 h window
    whatsapp_template_variables: int = Field(1, ge=1, le=100)  # among which a text is shared out, 255 characters each

    assign: Literal["off", "offer", "auto"] = "off"  # how conversations come to operators
    smtp_url: SecretStr = SecretStr("")  # smtp[s]://[user:password@]host[:port]: who is told that a case waits
    alarm_from: str = ""
    alarm_to: Annotated[tuple[str, ...], NoDecode] = ()
    alarm_specialists_to: Annotated[tuple[str, ...], NoDecode] = ()  # of protection cases
    alarm_webhook: SecretStr = SecretStr("")  # such an address is a key: who knows it may post there
    alarm_specialists_webhook: SecretStr = SecretStr("")
    alarm_secret: SecretStr = SecretStr("")  # signs what goes to the webhooks

    organisation: str = "Muster"
    hotline: str = ""
    emergency_number: str = Field("112", min_length=1)  # "In danger, call ." would be worse than no text
    region: str = Field("BR", pattern="^[A-Z]{2}$")
    currency: str = Field("BRL", pattern="^[A-Z]{3}$")
    timezone: str = "America/Sao_Paulo"
    languages: Annotated[tuple[str, ...], NoDecode] = ("en", "es", "ne", "ar")
    default_language: str = "en"
    thresholds: Thresholds = Thresholds()
    retention: Retention = Retention()
    paces: Mapping[Channel, Pace] = Field(default_factory=dict)
    reply_share: float = Field(0.2, ge=0, le=0.9)
    reply_life_hours: float = Field(24, gt=0)  # a reply older than this is no help any more (R20)

    @field_validator("languages", "alarm_to", "alarm_specialists_to", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @field_validator("alarm_to", "alarm_specialists_to", "alarm_from")
    @classmethod
    def _mail_address(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in (value,) if isinstance(value, str) else value:
            if one and not _MAIL.fullmatch(one):
                raise ValueError("must be mail addresses, apart by commas")
        return value

    @field_validator("smtp_url", "alarm_webhook", "alarm_specialists_webhook")
    @classmethod
    def _secret_address(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        schemes = ("smtp://", "smtps://") if info.field_name == "smtp_url" else ("http://", "https://")
        if value.get_secret_value() and not value.get_secret_value().startswith(schemes):
            raise ValueError(f"must begin with {' or '.join(schemes)}")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone; write one such as America/Sao_Paulo")
        return value

    @field_validator("public_url", "telegram_api_url", "twilio_api_url", "nlu_url", "translation_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def _agree(self) -> "Settings":
        is_hooked = bool(self.telegram_token.get_secret_value()) and self.telegram_mode == "webhook"
        faults = {
            f"default_language {self.default_language!r} is not among languages": (
                self.default_language not in self.languages
            ),
            "MUSTER_TELEGRAM_SECRET is needed when MUSTER_TELEGRAM_MODE is webhook": (
                is_hooked and not self.telegram_secret.get_secret_value()
            ),
            "MUSTER_ALARM_FROM is needed with MUSTER_SMTP_URL": (
                bool(self.smtp_url.get_secret_value()) and not self.alarm_from
            ),
            "MUSTER_ALARM_SECRET is needed with MUSTER_ALARM_WEBHOOK": (
                any(one.get_secret_value() for one in (self.alarm_webhook, self.alarm_specialists_webhook))
                and not self.alarm_secret.get_secret_value()
            ),
            "MUSTER_PUBLIC_URL is needed when MUSTER_TELEGRAM_MODE is webhook": is_hooked and not self.public_url,
        }
        if any(faults.values()):
            raise ValueError("; ".join(fault for fault, is_so in faults.items() if is_so))
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def pace(self, channel: Channel) -> Pace:
        """The channel's pace: the deployment's own, else the provider's documented one."""
        return self.paces.get(channel, _PACES[channel])

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        section = _read_section(ROOT / "config.yml")
        return init_settings, env_settings, _BotSection(settings_cls, section)


_SECRETS = frozenset(name for name, field in Settings.model_fields.items() if field.annotation is SecretStr)


def _read_section(path: Path) -> Mapping[str, Any]:
    """The `bot:` section of config.yml; an empty one when there is no file. Raises ConfigurationError."""
    if not path.exists():
        return {}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path.name} cannot be read: {error}"]) from error
    section = document.get("bot") if isinstance(document, dict) else None
    if section is not None and not isinstance(section, dict):
        raise ConfigurationError([f"{path.name}: `bot:` must be a mapping of settings"])
    misplaced = sorted(_SECRETS & set(section or ()))
    if misplaced:
        raise ConfigurationError(
            [f"{path.name}: {name} is a secret: set {PREFIX}{name.upper()} in the environment" for name in misplaced]
        )
    return section or {}


def load(**overrides: Any) -> Settings:
    """The settings of this process; raises ConfigurationError with every problem, each naming the variable to set."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError([_problem(item) for item in error.errors()]) from None
    except SettingsError as error:  # names the setting, never its value
        raise ConfigurationError([f"{error}: write it as JSON"]) from None


def _problem(item: Any) -> str:
    where = "__".join(str(part) for part in item["loc"])
    name = f"{PREFIX}{where.upper()}" if where else "settings"
    return f"{name}: {item['msg'].removeprefix('Value error, ')}"
