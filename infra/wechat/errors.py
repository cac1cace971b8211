"""What can go wrong with WeChat: refusals a caller can act on, and the fault that only we can mend."""

from infra.refusal import Kind, Refusal


class WeChatRejected(Exception):
    """WeChat said no for a reason on our side: credentials, permissions, a template or a page that is not there.

    `rid` can be queried in the WeChat console for seven days. WeChat's own text is not kept: it may quote what we sent.
    """

    def __init__(self, errcode: int, rid: str | None = None) -> None:
        super().__init__(f"WeChat answered errcode {errcode}")
        self.errcode = errcode
        self.rid = rid


class WeChatUnavailable(Refusal):
    """WeChat is away, busy after three tries, or answers something that is not its protocol."""

    kind = Kind.UNAVAILABLE
    slug = "wechat-unavailable"
    en = "WeChat does not answer at the moment. Please try again shortly."
    zh = "微信服务暂时无响应，请稍后再试。"


class CalledTooOften(Refusal):
    """A WeChat quota is used up: per minute and user (45011), or per day (45009)."""

    kind = Kind.TOO_MANY
    slug = "wechat-called-too-often"
    en = "WeChat is limiting these requests. Please wait a minute and try again."
    zh = "微信限制了请求频率，请稍等一分钟后再试。"


class LoginCodeRefused(Refusal):
    """The code of `wx.login` is wrong, used, or older than five minutes."""

    kind = Kind.UNAUTHENTICATED
    slug = "wechat-login-code-refused"
    en = "The WeChat sign-in has expired. Please open the mini-program again."
    zh = "微信登录已失效，请重新打开小程序。"


class LoginBlocked(Refusal):
    """WeChat holds this user for high-risk (40226): refuse the login, do not try again."""

    kind = Kind.FORBIDDEN
    slug = "wechat-login-blocked"
    en = "WeChat does not allow this account to sign in."
    zh = "微信暂不允许该账号登录。"


class PhoneCodeRefused(Refusal):
    """The code of the phone button is wrong, used, older than five minutes, or somebody else's."""

    kind = Kind.GONE
    slug = "wechat-phone-code-refused"
    en = "This phone authorisation has expired. Tap the button again, or type the number."
    zh = "手机号授权已失效，请重新点击授权，或手动填写号码。"


class RecipientUnknown(Refusal):
    """The openid is not one of this mini-program (40003)."""

    kind = Kind.ABSENT
    slug = "wechat-recipient-unknown"
    en = "WeChat does not know this recipient in our mini-program."
    zh = "微信在本小程序中未找到该接收人。"


class NoSendsLeft(Refusal):
    """She declined, or every one-time permission for this template is used (43101): another channel must do."""

    kind = Kind.CONFLICT
    slug = "wechat-no-sends-left"
    en = "No WeChat message may be sent to her with this template until she agrees again."
    zh = "该客户的此类订阅消息次数已用完，需其再次同意后才能发送。"


class ParameterUnfit(Refusal):
    """A template parameter breaks the rule of its type; `parameter` names it, its value is never repeated."""

    kind = Kind.INVALID
    slug = "wechat-parameter-unfit"
    en = "One value does not fit the WeChat template. See `parameter`."
    zh = "有一项内容不符合微信模板要求，请查看 parameter。"

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter=parameter)
        self.parameter = parameter


class PushForged(Refusal):
    """A push whose signature, age or app id is not right."""

    kind = Kind.FORBIDDEN
    slug = "wechat-push-forged"
    en = "This push does not carry a valid WeChat signature."
    zh = "该推送的微信签名无效。"


class PushUnreadable(Refusal):
    """A push that is neither XML nor JSON in a form we know."""

    kind = Kind.INVALID
    slug = "wechat-push-unreadable"
    en = "This push could not be read."
    zh = "无法解析该推送内容。"


class OpenDataForged(Refusal):
    """Encrypted open data that does not open with this session, is another app's, or is too old."""

    kind = Kind.FORBIDDEN
    slug = "wechat-open-data-forged"
    en = "The data from WeChat does not belong to this session. Please sign in again."
    zh = "微信数据与当前会话不匹配，请重新登录。"
