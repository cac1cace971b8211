"""The documented vectors of message push, and the desk they were made for."""

from datetime import UTC, datetime

from infra.wechat.push import PushDesk

TOKEN = "AAAAA"
AES_KEY = "A" * 43
APPID = "wxba5fad812f8e6fb9"
NONCE = "415670741"

INBOUND_AT = datetime.fromtimestamp(1714112445, UTC)
INBOUND = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8X"
    "GT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIj"
    "df8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
INBOUND_SIGNATURE = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
INBOUND_TEXT = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,'
    '"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}'
)
INBOUND_QUERY = {"timestamp": "1714112445", "nonce": NONCE, "msg_signature": INBOUND_SIGNATURE, "encrypt_type": "aes"}

OUTBOUND_AT = datetime.fromtimestamp(1713424427, UTC)
OUTBOUND_TEXT = '{"demo_resp":"good luck"}'
OUTBOUND_RANDOM = b"707722b803182950"
OUTBOUND = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
OUTBOUND_SIGNATURE = "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


def desk(*, appid: str = APPID, token: str = TOKEN, plain_allowed: bool = False) -> PushDesk:
    """The callback of the vectors' account."""
    return PushDesk(appid=appid, token=token, aes_key=AES_KEY, plain_allowed=plain_allowed)
