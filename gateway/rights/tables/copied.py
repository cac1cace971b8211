"""What the gateway tells a client who wants a copy of her data, and why the rest is left out."""

from infra.copies import Portion, read

HERS = "client_id = any(:ids)"

COPIED = (
    Portion(
        "session",
        "登录记录",
        "Sign-ins",
        hers=HERS,
        order="opened_at, session_id",
        fields=(
            read("appid", "小程序", "Mini-program"),
            read("opened_at", "登录时间", "Signed in at"),
            read("revoked_at", "结束时间", "Ended at"),
            read("revoked_because", "结束原因", "Why it ended"),
        ),
    ),
)
LEFT_OUT = {"refresh_token": "what her sign-ins are carried on with: keys that tell nothing of her"}
