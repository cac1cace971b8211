"""What becomes of every table of the gateway when a client is erased: one list per capability, in this order.

docs/privacy.md says the same for people. A table that no list decides about fails the tests.
"""

from infra.erasure import PLUMBING, Decision, Fate

HERS = "client_id = any(:ids)"

IDENTITY = (
    Decision("account", Fate.NOT_HERS, "somebody who works for the house"),
    Decision("boutique_region", Fate.NOT_HERS, "which boutique lies in which region"),
    Decision(
        "refresh_token",
        Fate.DELETED,
        "what her sign-ins are carried on with",
        hers=f"session_id in (select session_id from session where brand_id = :brand and {HERS} for update)",  # noqa: S608
    ),
    # Not deleted: that it was revoked has to be known until her last token has run out. The sweep removes it then.
    Decision(
        "session",
        Fate.UNLINKED,
        "her sign-ins end at once; what is left of them is swept within weeks",
        hers=HERS,
        sets="client_id = :nobody, appid = null, openid = null, revoked_at = coalesce(revoked_at, :now),"
        " revoked_because = coalesce(revoked_because, 'client-erased')",
    ),
)
LIMITS = (Decision("guess", Fate.NOT_HERS, "how often somebody guessed, by a digest; gone within a day"),)
PARTNERS = (
    Decision("partner", Fate.NOT_HERS, "systems of the house and of others"),
    Decision("partner_key", Fate.NOT_HERS, "what they sign with"),
    Decision("pos_nonce", Fate.NOT_HERS, "what tills have signed"),
)
WECHAT = (
    Decision("corp_member", Fate.NOT_HERS, "which advisor is who in WeCom"),
    Decision(
        "wechat_push",
        Fate.KEPT,
        "what WeChat and WeCom said, sealed: nobody can tell whose; gone two weeks after it was taken",
    ),
)

DECISIONS = (*IDENTITY, *LIMITS, *PARTNERS, *WECHAT, *PLUMBING)
