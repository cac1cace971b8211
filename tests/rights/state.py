"""What the house's databases hold, to tell whether anything has changed."""

from collections.abc import Mapping

from tests import databases
from tests.asking import until
from tests.rights.house import House

# Bookkeeping that moves on its own, or that a refused request rightly leaves: the key of a stored refusal.
MOVING = frozenset(
    {
        "duplicate",
        "duplicate_search",
        "claim_attempt",
        "follower_cursor",
        "follower_source",
        "guess",
        "idempotency_key",
        "lease",
        "outbox_sequence",
        "relay_state",
        "retention_run",
        "reconciliation",
        "task_round",
        "waitlist_entry",
        "wechat_token",
    }
)
_TABLES = (
    "select c.relname,"
    " exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'brand_id') as branded"
    " from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"
    " and not c.relispartition and c.relname not like 'alembic%'"
)


async def told(house: House, *, brand: str | None = None) -> Mapping[str, str]:
    """A digest of every table of every service, or of one brand's rows in it; of the outbox only how long it is."""
    digests = {}
    for one in house.running:
        for table in await one.rows(_TABLES):
            relname = table["relname"]
            if relname in MOVING or (brand is not None and not table["branded"]):
                continue
            what = (
                "count(*)::text"
                if relname == "outbox"
                else "md5(coalesce(string_agg(t::text, ' ' order by t::text), ''))"
            )
            where = " where brand_id = $1" if brand is not None else ""
            asked = f"select {what} as digest from {relname} t{where}"  # noqa: S608 - names from the catalogue
            found = await one.rows(asked, *([brand] if brand else []))
            digests[f"{one.name}.{relname}"] = str(found[0]["digest"])
    return digests


async def settled(house: House, *, seconds: float = 20) -> None:
    """Wait until every fact that was announced has reached everybody."""
    urls = {one.name: one.settings.database_url for one in house.running}
    await until(lambda: databases.settled(house.gateway.settings.log_url, urls, urls), seconds=seconds)
