"""Further kinds of identity: e-mail, the WeCom contact, the e-shop's buyer, and a phone of which a shop shows a part."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KINDS = "'phone', 'unionid', 'openid', 'pos', 'member', 'email', 'wecom', 'eshop', 'masked-phone'"

STATEMENTS = [
    # Wider than before: every row there is keeps to it, so it is looked at without keeping writers out.
    f"alter table identity add constraint ck_identity_kind check (kind in ({KINDS})) not valid",
    "alter table identity validate constraint ck_identity_kind",
    "alter table identity drop constraint identity_kind_check",
    # A mask fits many: it identifies nobody, whatever a statement tries.
    """
    alter table identity add constraint ck_identity_mask
        check (kind <> 'masked-phone' or standing = 'claimed') not valid
    """,
    "alter table identity validate constraint ck_identity_mask",
    # Since when what a flag counted is known to be another person's cash.
    "alter table cash_flag add column withdrawn_at timestamptz",
]


def upgrade() -> None:
    """Let these kinds in."""
    for statement in STATEMENTS:
        op.execute(statement)
