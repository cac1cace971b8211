"""Settings: environment variables with the prefix MAISON_; a wrong one is named and the process stops."""

import base64
import binascii
import sys
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

EX_CONFIG = 78  # sysexits.h: something in the configuration is wrong
AES_KEY = 32  # bytes


def _postgres(url: str) -> str:
    if not url.startswith("postgresql://"):
        msg = "must be postgresql://login:password@host:port/database"
        raise ValueError(msg)
    return url


def _web(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        msg = "must be an http:// or https:// address"
        raise ValueError(msg)
    return url.rstrip("/")


def _file(path: Path) -> Path:
    if not path.is_file():
        msg = "must be the path of an existing file"
        raise ValueError(msg)
    return path


def _aes_key(text: str) -> str:
    try:
        is_key = text == "" or len(base64.b64decode(text + "=", validate=True)) == AES_KEY
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        msg = "must be an EncodingAESKey: 43 characters of base64"
        raise ValueError(msg)
    return text


PostgresUrl = Annotated[str, AfterValidator(_postgres)]
WebUrl = Annotated[str, AfterValidator(_web)]
ExistingFile = Annotated[Path, AfterValidator(_file)]
EncodingAesKey = Annotated[str, AfterValidator(_aes_key)]  # of WeChat's message push; empty where there is none


class Settings(BaseSettings):
    """What every service reads. The launcher and docker-compose.yml set exactly these names."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore", frozen=True)

    environment: Literal["production", "development", "test"] = "production"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)

    database_url: PostgresUrl
    database_pool: int = Field(default=8, ge=1, le=100)
    log_url: PostgresUrl
    keys: ExistingFile
    inner_jwks: ExistingFile

    profile_url: WebUrl = "http://127.0.0.1:8701"
    appointments_url: WebUrl = "http://127.0.0.1:8702"
    feedback_url: WebUrl = "http://127.0.0.1:8703"
    recommend_url: WebUrl = "http://127.0.0.1:8704"
    gateway_url: WebUrl = "http://127.0.0.1:8700"  # where its siblings reach the gateway
    public_url: WebUrl = "http://127.0.0.1:8700"

    # The OTLP/HTTP receiver of an OpenTelemetry collector, such as http://127.0.0.1:4318; nothing is exported without.
    otlp_endpoint: WebUrl | Literal[""] = ""
    # Which part of the traces that begin here is recorded and exported.
    trace_ratio: float = Field(default=0.05, ge=0, le=1)

    wechat_api_url: WebUrl = "https://api.weixin.qq.com"
    wechat_appid: str = ""
    wechat_secret: str = ""
    wechat_push_token: str = ""
    wechat_push_aes_key: EncodingAesKey = ""
    # One WeCom application; without a corp id there is no WeCom, and what would go there is done by people.
    wecom_api_url: WebUrl = "https://qyapi.weixin.qq.com"
    wecom_corpid: str = ""
    wecom_secret: str = ""
    wecom_agent_id: int = 0

    # Template ids of the account, by our name: {"survey-invitation": "...", ...} as JSON.
    wechat_templates: dict[str, str] = Field(default_factory=dict)

    # Tencent Cloud SMS; without a secret id and an app id there is none.
    sms_api_url: WebUrl = "https://sms.tencentcloudapi.com"
    sms_region: str = "ap-guangzhou"
    sms_secret_id: str = ""
    sms_secret_key: str = Field(default="", repr=False)
    sms_app_id: str = ""
    sms_sign: str = ""
    # Approved templates, by our name, with what fills their {1}, {2}...: {"visit": "1234567?purpose=service&1=date"}.
    sms_templates: dict[str, str] = Field(default_factory=dict)

    # The mail server that takes the house's letters; without a host and a sender there is no e-mail.
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)
    # `none` is for a server on this machine.
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_from: str = ""

    # An OpenAI-compatible API, such as https://example.com/v1, that helps to word drafts; off without.
    assistant_url: WebUrl | Literal[""] = ""
    assistant_key: str = Field(default="", repr=False)
    assistant_model: str = ""
    assistant_timeout: float = Field(default=8.0, gt=0, le=60)  # seconds


S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S]) -> S:
    """Read the environment, or print each wrong setting by name and exit with status 78. Values are not printed."""
    try:
        return kind()
    except ValidationError as wrong:
        for error in wrong.errors():
            name = "_".join(str(part) for part in error["loc"]).upper()
            said = error["msg"].removeprefix("Value error, ")
            # Settings that do not go together are no one's fault alone: the sentence names them.
            sys.stderr.write(f"MAISON_{name}: {said}\n" if name else f"{said}\n")
        sys.stderr.write("Correct these settings and start again.\n")
        raise SystemExit(EX_CONFIG) from None
    except ValueError as wrong:  # pydantic-settings: a value that is not the JSON it should be
        sys.stderr.write(f"{wrong}\nCorrect this setting and start again.\n")
        raise SystemExit(EX_CONFIG) from None
