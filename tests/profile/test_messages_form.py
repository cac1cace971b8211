"""What a message may say, under which purpose, and where it may lead."""

from typing import Any
from uuid import uuid4

import pytest

from infra.identity import Role
from tests.asking import once, problem
from tests.conftest import Start
from tests.profile.post import OURS, Post, message, opened
from tests.profile.relationship import as_role, as_service
from tests.suite.sandbox.house import CONFIRMED, SURVEY


@pytest.fixture
async def post(running: Start) -> Post:
    """Profile and WeChat, with the messages held on their way: what is queued stays to be looked at."""
    post = await opened(running)
    post.line.gate.clear()
    return post


@pytest.fixture(autouse=True)
async def _released(post: Post) -> Any:
    yield
    post.line.gate.set()


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        # Without consent to surveys it would be a way around her no.
        ({"purpose": "service", "template": SURVEY}, "purpose-not-of-template"),
        ({"purpose": "marketing", "template": SURVEY}, "purpose-not-of-template"),
        ({"purpose": "survey", "template": CONFIRMED}, "purpose-not-of-template"),
        ({"purpose": "service", "template": "never-heard-of"}, "template-unknown"),
    ],
)
async def test_a_message_goes_under_the_purpose_of_its_template_and_no_other(
    post: Post, changed: dict[str, str], slug: str
) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid)
    answer = await as_service(post.profile).post("/v1/messages", json=message(client_id) | changed, headers=once())
    assert (answer.status_code, problem(answer)) == (400, slug)
    assert await post.left(client_id) == 1
    assert await post.profile.rows("select 1 from message") == []


async def test_a_message_leads_nowhere_but_into_the_house(post: Post) -> None:
    client_id, openid = await post.client()
    links = {
        f"{OURS}/s/lumiere.abc": 202,
        "pages/visit/index?id=1": 202,
        OURS: 400,
        "https://elsewhere.test/s/lumiere.abc": 400,
        f"{OURS}.elsewhere.test/s/lumiere.abc": 400,
        f"{OURS}@elsewhere.test/": 400,
        "http://maison.test/s/lumiere.abc": 400,
    }
    await post.accepts(openid, times=2 * len(links), template=CONFIRMED)
    for sender in (as_role(post.profile, Role.CLIENT_SERVICE), as_service(post.profile)):
        for link, status in links.items():
            body = message(client_id, purpose="service", link=link)
            answer = await sender.post("/v1/messages", json=body, headers=once())
            assert answer.status_code == status, link
            assert status == 202 or problem(answer) == "link-not-ours"


async def test_a_key_is_remembered_for_as_long_as_feedback_asks_again(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid, template=CONFIRMED)
    await post.ask(client_id, purpose="service")
    [kept] = await post.profile.rows("select expires_at > now() + interval '14 days' as long from idempotency_key")
    assert kept["long"]


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": "personalisation"},
        {"template": "a b"},
        {"link": "javascript:alert(1)"},
        {"variables": {"Boutique": "x"}},
        {"variables": {"boutique": ""}},
        {"variables": {f"v{number}": "x" for number in range(21)}},
        {"client_id": "someone"},
        {"openid": "o-1"},
    ],
)
async def test_a_message_that_is_none_is_refused(post: Post, changed: dict[str, Any]) -> None:
    answer = await as_service(post.profile).post("/v1/messages", json=message(uuid4()) | changed, headers=once())
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:maison:problem:malformed")


async def test_an_unknown_client_is_not_found_and_a_missing_key_is_said(post: Post) -> None:
    service = as_service(post.profile)
    assert (await service.post("/v1/messages", json=message(uuid4()), headers=once())).status_code == 404
    keyless = await service.post("/v1/messages", json=message(uuid4()))
    assert keyless.json()["type"] == "urn:maison:problem:idempotency-key-missing"
