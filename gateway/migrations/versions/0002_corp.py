"""Pushes of WeCom's beside WeChat's, and who is who in WeCom."""

from alembic import op

from infra.database import guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say who pushed, and copy what appointments announces of advisors."""
    op.execute("alter table wechat_push add column house text not null default 'wechat'")
    # Few rows: pushes of two weeks.
    op.execute("alter table wechat_push add constraint ck_wechat_push_house check (house in ('wechat', 'wecom'))")
    op.execute(
        """
        create table corp_member (
            brand_id text not null,
            advisor_id uuid not null,
            userid text,
            left_at timestamptz,
            constraint pk_corp_member primary key (brand_id, advisor_id)
        )
        """
    )
    op.execute("create index ix_corp_member_userid on corp_member (brand_id, lower(userid))")
    for statement in guard("corp_member"):
        op.execute(statement)
