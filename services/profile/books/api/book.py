"""The books of advisors, what they can bear, and who stands in for them."""

from uuid import UUID

from fastapi import Response

from infra.app import By, Now, router
from infra.database import Transaction
from infra.identity import Caller, Role, permit
from infra.openapi import tagged
from infra.refusal import NotFound
from infra.wire import After, IfMatch, Limit, cursor, etag, read_id_cursor
from services.profile.books import queries
from services.profile.books.actions import deputies, policy
from services.profile.books.queries import deputies as standing_in
from services.profile.books.queries import policy as policies
from services.profile.books.queries import staff
from services.profile.books.queries.deputies import Deputy
from services.profile.books.queries.policy import BookPolicy
from services.profile.books.rules.policy import Load
from services.profile.books.schemas.book import (
    BookDeputyForm,
    BookPolicyForm,
    BookPolicyView,
    BookView,
    DeputyView,
    LoadView,
)
from services.profile.books.schemas.owners import EntryView

routes = router()

FIRST = UUID(int=0)
LEADS = (Role.MANAGER, Role.REGIONAL, Role.HEADQUARTERS)


@routes.get("/advisors/{advisor_id}/book")
@permit(Role.ADVISOR, *LEADS)
async def book(
    advisor_id: UUID,
    *,
    tx: Transaction,
    by: By,
    now: Now,
    after: After = None,
    limit: Limit = 50,
) -> BookView:
    """An advisor's clients and those she deputises for: her own book, or those of the caller's boutiques."""
    if by.role is Role.ADVISOR and by.advisor_id != advisor_id:
        raise NotFound
    of = f"book:{advisor_id}"
    behind = read_id_cursor(after, of=of) or FIRST
    narrowed = by.boutique_ids if by.role in {Role.MANAGER, Role.REGIONAL} else None
    entries = await queries.book(tx, advisor_id, boutiques=narrowed, after=behind, limit=limit + 1, now=now)
    more = cursor(entries[limit - 1].client_id, of=of) if len(entries) > limit else None
    setting = (await policies.policy(tx)).policy
    load = (await policies.loads(tx, [advisor_id], setting)).get(advisor_id, Load())
    return BookView(
        items=[EntryView.model_validate(entry) for entry in entries[:limit]],
        next_cursor=more,
        load=LoadView(clients=load.clients, counted=load.counted, soft=setting.soft, hard=setting.hard),
    )


@routes.get("/advisors/{advisor_id}/deputy")
@permit(Role.ADVISOR, *LEADS)
async def deputy(advisor_id: UUID, tx: Transaction, by: By) -> DeputyView:
    """Who stands in for the whole book; all null when nobody does."""
    await _lead(tx, advisor_id, by)
    found = await standing_in.of_book(tx, advisor_id)
    return DeputyView.model_validate(found) if found else DeputyView()


@routes.put("/advisors/{advisor_id}/deputy")
@permit(*LEADS)
async def set_deputy(advisor_id: UUID, form: BookDeputyForm, *, tx: Transaction, by: By, now: Now) -> DeputyView:
    """Let an advisor see and serve a whole book while its owner is away."""
    await _lead(tx, advisor_id, by)
    wanted = Deputy(form.advisor_id, form.from_at or now, form.until_at)
    if by.role is not Role.HEADQUARTERS:
        await _lead(tx, form.advisor_id, by)
    return DeputyView.model_validate(await deputies.stand_in_for_all(tx, advisor_id, wanted, by=by, now=now))


@routes.delete("/advisors/{advisor_id}/deputy", status_code=204)
@permit(*LEADS)
async def end_deputy(advisor_id: UUID, tx: Transaction, by: By) -> None:
    """Nobody stands in for this book any more."""
    await _lead(tx, advisor_id, by)
    await deputies.end_for_all(tx, advisor_id)


@routes.get("/book-policy", responses=tagged())
@permit(*LEADS)
async def book_policy(tx: Transaction, response: Response) -> BookPolicyView:
    """What advisors can bear, which clients count, and how soon a client handed over is spoken to."""
    return _policy(await policies.policy(tx), response)


@routes.put("/book-policy")
@permit(Role.HEADQUARTERS)
async def set_book_policy(
    form: BookPolicyForm, if_match: IfMatch, tx: Transaction, response: Response
) -> BookPolicyView:
    """Replace the policy; books that are larger stay as they are."""
    return _policy(await policy.set_policy(tx, form.policy(), if_match=if_match), response)


def _policy(found: BookPolicy, response: Response) -> BookPolicyView:
    response.headers["ETag"] = etag(found.version)
    setting = found.policy
    return BookPolicyView(
        soft=setting.soft,
        hard=setting.hard,
        counted=sorted(setting.counted),
        first_contact_days=setting.first_contact_days,
        version=found.version,
    )


async def _lead(tx: Transaction, advisor_id: UUID, by: Caller) -> None:
    """Raise NotFound unless the advisor is the caller herself, or works where the caller leads."""
    advisor = (await staff.by_id(tx, [advisor_id])).get(advisor_id)
    if advisor is None or (by.role is Role.ADVISOR and by.advisor_id != advisor_id):
        raise NotFound
    if by.role in {Role.MANAGER, Role.REGIONAL} and advisor.boutique_id not in by.boutique_ids:
        raise NotFound
