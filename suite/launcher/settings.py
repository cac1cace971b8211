"""What a person may set about the suite on one machine: data folder, ports, an own PostgreSQL, a WeChat account."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.settings import PostgresUrl, WebUrl

ROOT = Path(__file__).resolve().parents[2]

Port = Annotated[int, Field(ge=1, le=65535)]

# Where each process listens, counted from MAISON_PORT_BASE.
OFFSETS = {
    "gateway": 0,
    "profile": 1,
    "appointments": 2,
    "feedback": 3,
    "recommend": 4,
    "sandbox": 5,
    "postgres": 32,
}


def _absolute(path: Path) -> Path:
    # Relative to the project, not to where a person happens to stand.
    return (ROOT / path.expanduser()).resolve()


_FIRST_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._@-]{1,63}")


def _account(value: str) -> str:
    if not _FIRST_ACCOUNT.fullmatch(value):
        raise ValueError("must be brand:username in small letters, such as lumiere:admin")
    return value


class LauncherSettings(BaseSettings):
    """Read from MAISON_* variables; everything has a default."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore", frozen=True)

    data: Annotated[Path, AfterValidator(_absolute)] = ROOT / ".maison"
    environment: Literal["production", "development", "test"] = "development"
    # Where the gateway listens; everything else stays on the loopback address.
    gateway_host: str = "127.0.0.1"
    public_url: WebUrl | None = None
    demo: bool = True
    # Of each service and of the gateway, behind one port each.
    instances: Annotated[int, Field(ge=1, le=4)] = 1
    # brand:username of the first administrator. The brand is the house, the demo house too.
    first_account: Annotated[str, AfterValidator(_account)] = "lumiere:admin"

    port_base: Annotated[int, Field(ge=1, le=65535 - max(OFFSETS.values()))] = 8700
    port_gateway: Port | None = None
    port_profile: Port | None = None
    port_appointments: Port | None = None
    port_feedback: Port | None = None
    port_recommend: Port | None = None
    port_sandbox: Port | None = None
    port_postgres: Port | None = None

    # A superuser (or CREATEROLE and CREATEDB) of an own PostgreSQL 18; without it the embedded one is started.
    admin_url: PostgresUrl | None = None

    # A real WeChat account; without an address of its API the sandbox plays WeChat.
    wechat_api_url: WebUrl | None = None
    wechat_appid: str = "wx5a11d0c0ffee0001"
    wechat_secret: str | None = None
    wechat_push_token: str | None = None
    wechat_push_aes_key: str | None = None

    # The same for WeCom, whose corp the sandbox plays; a real WeChat with no corp id here has no WeCom at all.
    wecom_api_url: WebUrl | None = None
    wecom_corpid: str | None = None
    wecom_secret: str | None = None
    wecom_agent_id: int = 1000002
    wecom_push_token: str | None = None
    wecom_push_aes_key: str | None = None

    # The same for Tencent Cloud's SMS.
    sms_api_url: WebUrl | None = None
    sms_secret_id: str | None = None
    sms_secret_key: str | None = None
    sms_app_id: str = "1400000001"

    @property
    def first_administrator(self) -> tuple[str, str]:
        """Brand and username of the first account."""
        brand, _, username = self.first_account.partition(":")
        return brand, username

    def port(self, name: str) -> int:
        """The port of a process: its own setting, or its place after MAISON_PORT_BASE."""
        chosen: int | None = getattr(self, f"port_{name}")
        return chosen if chosen is not None else self.port_base + OFFSETS[name]

    @property
    def connections(self) -> int:
        """How many the embedded PostgreSQL allows: what the instances use, one more set of them, and people."""
        return 100 * (self.instances + 1)

    @property
    def sandboxed(self) -> bool:
        """Whether the sandbox plays WeChat."""
        return self.wechat_api_url is None

    @property
    def corpid(self) -> str:
        """The WeCom corp: the person's own, the sandbox's, or empty where there is none."""
        return self.wecom_corpid or ("ww5a11d0c0ffee0001" if self.sandboxed else "")

    @property
    def sms_account(self) -> str:
        """The secret id of the SMS account: the person's own, the sandbox's, or empty where there is none."""
        return self.sms_secret_id or ("sandbox" if self.sandboxed else "")

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.data / "logs"

    @property
    def keys(self) -> Path:
        """The folder of key files; see infra.keys."""
        return self.data / "keys"
