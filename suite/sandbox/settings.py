"""The sandbox's settings: the account it plays, and where it pushes to."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.settings import EncodingAesKey, WebUrl
from suite.sandbox.templates import DEFAULTS, SMS_DEFAULTS, SmsTemplate, Template

PushMode = Literal["plain", "compatible", "safe"]
PushFormat = Literal["json", "xml"]


class SandboxSettings(BaseSettings):
    """Read from the environment with the prefix MAISON_, like those of every process."""

    model_config = SettingsConfigDict(env_prefix="MAISON_", extra="ignore", frozen=True)

    wechat_appid: str = Field(min_length=1)
    wechat_secret: str = Field(min_length=1, repr=False)
    wechat_push_token: str = Field(min_length=1, repr=False)
    wechat_push_aes_key: EncodingAesKey = Field(min_length=1, repr=False)

    # The WeCom corp it plays and the one application there is in it; without a corp id it plays none.
    wecom_corpid: str = ""
    wecom_secret: str = Field(default="", repr=False)
    wecom_agent_id: int = 1000002

    # What its pushes are signed and encrypted with; without them it pushes nothing.
    wecom_push_token: str = Field(default="", repr=False)
    wecom_push_aes_key: EncodingAesKey = Field(default="", repr=False)

    # The account of Tencent Cloud it plays; without a secret id it plays none.
    sms_secret_id: str = ""
    sms_secret_key: str = Field(default="", repr=False)
    sms_app_id: str = ""
    sms_sign: str = "Maison"
    sandbox_sms_templates: tuple[SmsTemplate, ...] = SMS_DEFAULTS

    # `{appid}` in it is replaced.
    sandbox_push_url: WebUrl = "http://127.0.0.1:8700/wechat/{appid}/push"
    # The same for the corp, `{corpid}`.
    sandbox_wecom_push_url: WebUrl = "http://127.0.0.1:8700/wecom/{corpid}/push"
    sandbox_push_mode: PushMode = "safe"
    sandbox_push_format: PushFormat = "json"
    # Without an answer for so long a push is dropped and sent again, three times.
    sandbox_resend_after_seconds: float = Field(default=5.0, gt=0)
    # From an accepted send to the push that reports its delivery.
    sandbox_sent_delay_seconds: float = Field(default=0.2, ge=0)
    # Between which hours in Beijing marketing goes by SMS.
    sandbox_marketing_from: int = Field(default=8, ge=0, le=24)
    sandbox_marketing_until: int = Field(default=22, ge=0, le=24)
    sandbox_templates: tuple[Template, ...] = DEFAULTS
    # A JSON file that keeps users, credits and messages over a restart; none: in memory only.
    sandbox_state: Path | None = None
