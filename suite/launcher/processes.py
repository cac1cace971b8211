"""The map of the system: every process, its command, its port, its database, and every variable it is given."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from infra.keys import JWKS
from infra.provision import database_url
from suite.launcher.settings import LauncherSettings

LISTEN = ("MAISON_HOST", "MAISON_PORT")
STORES = ("MAISON_DATABASE_URL", "MAISON_LOG_URL", "MAISON_KEYS", "MAISON_INNER_JWKS")
PEERS = (
    "MAISON_PROFILE_URL",
    "MAISON_APPOINTMENTS_URL",
    "MAISON_FEEDBACK_URL",
    "MAISON_RECOMMEND_URL",
    "MAISON_GATEWAY_URL",
)
EVERYWHERE = ("MAISON_ENVIRONMENT", "MAISON_PUBLIC_URL", *LISTEN, *STORES, *PEERS)
# Calling WeChat, and being called by it. Only those who do it hold the account's secrets.
WECHAT_CALLS = ("MAISON_WECHAT_API_URL", "MAISON_WECHAT_APPID", "MAISON_WECHAT_SECRET")
WECOM = ("MAISON_WECOM_CORPID", "MAISON_WECOM_SECRET", "MAISON_WECOM_AGENT_ID")
WECOM_CALLS = ("MAISON_WECOM_API_URL", *WECOM)
WECOM_PUSHES = ("MAISON_WECOM_PUSH_TOKEN", "MAISON_WECOM_PUSH_AES_KEY")
SMS = ("MAISON_SMS_SECRET_ID", "MAISON_SMS_SECRET_KEY", "MAISON_SMS_APP_ID")
SMS_CALLS = ("MAISON_SMS_API_URL", *SMS)
WECHAT_PUSHES = ("MAISON_WECHAT_PUSH_TOKEN", "MAISON_WECHAT_PUSH_AES_KEY")
FIRST_ACCOUNT = ("MAISON_FIRST_ACCOUNT", "MAISON_FIRST_PASSWORD")
# Handed through when the person who starts the suite has set them.
TUNING = (
    "MAISON_DATABASE_POOL",
    "MAISON_OTLP_ENDPOINT",
    "MAISON_TRACE_RATIO",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
)
EDGE = (
    "MAISON_CORS_ORIGINS",
    "MAISON_TRUSTED_PROXIES",
    "MAISON_LIMIT_FACTOR",
    "MAISON_ANSWER_TIMEOUT",
    "MAISON_WECHAT_BRAND",
    "MAISON_WECOM_BRAND",
    "MAISON_WECOM_BOUTIQUES",
)
# Other ways to a client, and help with wording: there where somebody sets them.
WAYS = (
    "MAISON_SMS_REGION",
    "MAISON_SMS_SIGN",
    "MAISON_SMS_TEMPLATES",
    "MAISON_SMTP_HOST",
    "MAISON_SMTP_PORT",
    "MAISON_SMTP_USER",
    "MAISON_SMTP_PASSWORD",
    "MAISON_SMTP_SECURITY",
    "MAISON_SMTP_FROM",
    "MAISON_ASSISTANT_URL",
    "MAISON_ASSISTANT_KEY",
    "MAISON_ASSISTANT_MODEL",
    "MAISON_ASSISTANT_TIMEOUT",
)
SMS_ITSELF = "https://sms.tencentcloudapi.com"
WECOM_ITSELF = "https://qyapi.weixin.qq.com"
WECHAT_TEMPLATES = ("MAISON_WECHAT_TEMPLATES",)
SANDBOX = (
    "MAISON_WECHAT_APPID",
    "MAISON_WECHAT_SECRET",
    "MAISON_SANDBOX_PUSH_URL",
    "MAISON_SANDBOX_WECOM_PUSH_URL",
    "MAISON_SANDBOX_STATE",
)


@dataclass(frozen=True)
class Program:
    """One kind of process: its app, what it reads, what it may read besides, whose migrations it needs."""

    application: str
    reads: tuple[str, ...]
    may_read: tuple[str, ...] = ()
    migrations: str | None = None
    # Answers 200 once the process can do its work.
    probe: str = "/readyz"
    # Keeps its state in a file: there are never two of it.
    alone: bool = False


# In the order in which they start. They wait for one another, so any order would do.
PROGRAMS: dict[str, Program] = {
    "sandbox": Program(
        "suite.sandbox.app:build",
        (*LISTEN, *SANDBOX, *WECHAT_PUSHES, *WECOM, *WECOM_PUSHES, *SMS),
        probe="/healthz",
        alone=True,
    ),
    "profile": Program(
        "services.profile.app:build",
        (*EVERYWHERE, *WECHAT_CALLS, *WECOM_CALLS, *SMS_CALLS),
        (*TUNING, *WECHAT_TEMPLATES, *WAYS),
        "services.profile",
    ),
    "appointments": Program("services.appointments.app:build", EVERYWHERE, TUNING, "services.appointments"),
    "feedback": Program("services.feedback.app:build", EVERYWHERE, TUNING, "services.feedback"),
    "recommend": Program("services.recommend.app:build", EVERYWHERE, TUNING, "services.recommend"),
    "gateway": Program(
        "gateway.app:build",
        (*EVERYWHERE, *WECHAT_CALLS, *WECHAT_PUSHES, *WECOM_CALLS, *WECOM_PUSHES, *FIRST_ACCOUNT),
        (*TUNING, *EDGE),
        "gateway",
    ),
}
LOG_MIGRATIONS = "infra.eventlog"

# What a process of ours may see of the world besides.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy")


@dataclass(frozen=True)
class Process:
    """One process as it runs here, in one instance or several."""

    name: str
    command: tuple[str, ...]
    host: str
    port: int
    variables: Mapping[str, str]
    probe: str = "/readyz"
    instances: int = 1
    alone: bool = False

    @property
    def names(self) -> list[str]:
        """Its instances: profile, profile-2..."""
        return [self.name, *(f"{self.name}-{number}" for number in range(2, self.instances + 1))]

    @property
    def url(self) -> str:
        """Where the launcher and the other processes reach it."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """Its whole environment: nothing but the map's variables and what every program needs."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return inherited | {"PYTHONUNBUFFERED": "1"} | dict(self.variables)


def urls(settings: LauncherSettings) -> dict[str, str]:
    """Where each program listens, by name."""
    return {name: f"http://127.0.0.1:{settings.port(name)}" for name in PROGRAMS}


def values(name: str, settings: LauncherSettings, secrets: Mapping[str, str], admin_url: str) -> dict[str, str]:
    """Every variable of the map, as this process would see it."""
    at = urls(settings)
    appid = settings.wechat_appid
    known = {
        "MAISON_ENVIRONMENT": settings.environment,
        "MAISON_PUBLIC_URL": settings.public_url or at["gateway"],
        "MAISON_HOST": settings.gateway_host if name == "gateway" else "127.0.0.1",
        "MAISON_PORT": str(settings.port(name)),
        "MAISON_LOG_URL": database_url(admin_url, "maison_log", secrets["maison_log"]),
        "MAISON_KEYS": str(settings.keys / f"{name}.json"),
        "MAISON_INNER_JWKS": str(settings.keys / JWKS),
        "MAISON_PROFILE_URL": at["profile"],
        "MAISON_APPOINTMENTS_URL": at["appointments"],
        "MAISON_FEEDBACK_URL": at["feedback"],
        "MAISON_RECOMMEND_URL": at["recommend"],
        "MAISON_GATEWAY_URL": at["gateway"],
        "MAISON_WECHAT_API_URL": settings.wechat_api_url or at["sandbox"],
        "MAISON_WECHAT_APPID": appid,
        "MAISON_WECHAT_SECRET": settings.wechat_secret or secrets["wechat_secret"],
        "MAISON_WECHAT_PUSH_TOKEN": settings.wechat_push_token or secrets["wechat_push_token"],
        "MAISON_WECHAT_PUSH_AES_KEY": settings.wechat_push_aes_key or secrets["wechat_push_aes_key"],
        "MAISON_WECOM_API_URL": settings.wecom_api_url or (at["sandbox"] if settings.sandboxed else WECOM_ITSELF),
        "MAISON_WECOM_CORPID": settings.corpid,
        "MAISON_WECOM_SECRET": settings.wecom_secret or secrets["wecom_secret"],
        "MAISON_WECOM_AGENT_ID": str(settings.wecom_agent_id),
        "MAISON_WECOM_PUSH_TOKEN": settings.wecom_push_token or secrets["wecom_push_token"],
        "MAISON_WECOM_PUSH_AES_KEY": settings.wecom_push_aes_key or secrets["wecom_push_aes_key"],
        "MAISON_SMS_API_URL": settings.sms_api_url or (at["sandbox"] if settings.sandboxed else SMS_ITSELF),
        "MAISON_SMS_SECRET_ID": settings.sms_account,
        "MAISON_SMS_SECRET_KEY": settings.sms_secret_key or secrets["sms_secret_key"],
        "MAISON_SMS_APP_ID": settings.sms_app_id,
        "MAISON_FIRST_ACCOUNT": settings.first_account,
        "MAISON_FIRST_PASSWORD": secrets["first_password"],
        "MAISON_SANDBOX_PUSH_URL": f"{at['gateway']}/wechat/{appid}/push",
        "MAISON_SANDBOX_WECOM_PUSH_URL": f"{at['gateway']}/wecom/{settings.corpid}/push",
        "MAISON_SANDBOX_STATE": str(settings.data / "sandbox.json"),
    }
    if PROGRAMS[name].migrations is not None:
        login = f"maison_{name}"
        known["MAISON_DATABASE_URL"] = database_url(admin_url, login, secrets[login])
    return known


def processes(settings: LauncherSettings, secrets: Mapping[str, str], admin_url: str) -> list[Process]:
    """The processes of this machine, in the order in which they start; no sandbox when a real account is set."""
    made = []
    for name, program in PROGRAMS.items():
        if name == "sandbox" and not settings.sandboxed:
            continue
        known = values(name, settings, secrets, admin_url)
        handed = {variable: os.environ[variable] for variable in program.may_read if variable in os.environ}
        made.append(
            Process(
                name=name,
                command=(sys.executable, "-m", "infra.serve", program.application),
                host=known["MAISON_HOST"],
                port=settings.port(name),
                variables={variable: known[variable] for variable in program.reads} | handed,
                probe=program.probe,
                instances=1 if program.alone else settings.instances,
                alone=program.alone,
            )
        )
    return made


def migrations(settings: LauncherSettings, secrets: Mapping[str, str], admin_url: str) -> list[tuple[str, str]]:
    """Every database to migrate, the log first: the package, and the address of its database."""
    made = [(LOG_MIGRATIONS, database_url(admin_url, "maison_log", secrets["maison_log"]))]
    for name, program in PROGRAMS.items():
        if program.migrations is not None:
            made.append((program.migrations, values(name, settings, secrets, admin_url)["MAISON_DATABASE_URL"]))
    return made
