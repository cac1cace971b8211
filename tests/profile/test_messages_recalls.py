"""What was asked for and is not true any more does not leave; and what clients are told of their visits, in words."""

from uuid import uuid4

import pytest

from infra.wechat.subscribe import SubscribeMessage
from services.profile.messages.rules import limits, templates, texts, visits
from tests.asking import once, problem, until
from tests.conftest import Start
from tests.profile.post import Post, opened
from tests.profile.relationship import as_role, as_service
from tests.suite.sandbox.house import CONFIRMED

REFUSED = "profile.message-refused.v1"
SAYS = {
    "experience": "私人预约",
    "boutique": "恒隆",
    "date": "2030年1月8日 11:00",
    "text": "预约成功，期待您的光临",
    "experience_en": "Private appointment",
    "boutique_en": "Plaza 66",
    "date_en": "8 Jan. 2030, 11:00",
}


@pytest.fixture
async def post(running: Start) -> Post:
    return await opened(running)


async def recall(post: Post, *references: str, by: str = "feedback") -> int:
    answer = await as_service(post.profile, by).post("/v1/messages/recalls", json={"references": list(references)})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["recalled"])


async def test_what_is_recalled_does_not_leave_and_says_so_with_its_reference(post: Post) -> None:
    client_id, openid = await post.client()
    await post.accepts(openid, template=CONFIRMED)
    post.line.down = True
    reference = str(uuid4())
    asked = await post.ask(client_id, purpose="service", reference=reference)
    assert asked["status"] == "queued", asked
    assert await recall(post, reference, by="appointments") == 0  # another's message
    assert await recall(post, reference, str(uuid4())) == 1
    post.line.down = False
    seen = await post.becomes(asked["message_id"], "refused")
    assert seen["reason"] == "too-late"
    [fact] = await post.profile.facts(REFUSED)
    assert fact["data"]["reference"] == reference
    assert await post.received(openid) == []
    # The credit that it would have used is hers again.
    assert await post.left(client_id, CONFIRMED) == 1
    assert await recall(post, reference) == 0


async def test_a_refusal_at_once_carries_the_reference_too(post: Post) -> None:
    made = await as_role(post.profile).post("/v1/clients", json={"display_name": "无名"}, headers=once())
    reference = str(uuid4())
    asked = await post.ask(
        made.json()["client_id"], purpose="service", template="visit-confirmed", variables=SAYS, reference=reference
    )
    assert asked["status"] == "refused"

    async def told() -> bool:
        return [one["data"]["reference"] for one in await post.profile.facts(REFUSED)] == [reference]

    await until(told)


async def test_only_services_recall(post: Post) -> None:
    form = {"references": [str(uuid4())]}
    assert (await as_role(post.profile).post("/v1/messages/recalls", json=form)).status_code == 403
    for wrong in ([], [str(uuid4())] * 101, ["x"]):
        answer = await as_service(post.profile).post("/v1/messages/recalls", json={"references": wrong})
        assert problem(answer) == "malformed"


@pytest.mark.parametrize("name", visits.TEXTS)
def test_every_word_about_a_visit_fits_its_channels(name: str) -> None:
    link = {"link": "https://maison.test/calendars/x.ics"}
    for language, theirs in (("zh", "您"), ("en", "your")):
        said = visits.in_words(visits.TEXTS[name], language, SAYS | link)
        assert said is not None
        assert "{" not in said
        assert theirs in said.lower()
        limits.check_wecom(said)
    template = templates.template(name, {})
    assert template.purpose == "service"
    values = template.fill(SAYS)
    limits.check_parameters(values)
    assert set(values) == {"thing1", "thing2", "time3", "thing4"}
    # WeChat's own form takes them: it raises for what it would cut or refuse.
    SubscribeMessage("openid", "TPL", values)


def test_words_with_an_empty_place_are_not_said() -> None:
    assert visits.in_words(visits.TEXTS["visit-confirmed"], "zh", SAYS) is None
    assert visits.in_words(texts.SERVICE_TEXTS["survey-invitation"], "zh", {"text": "{date}", "link": ""}) == "{date}"


@pytest.mark.parametrize(("language", "spoken"), [("zh", "您好"), ("zh-Hant", "您好"), ("en", "Your"), ("fr", "Your")])
def test_she_is_told_in_her_language(language: str, spoken: str) -> None:
    said = visits.in_words(visits.TEXTS["visit-moved"], language, SAYS | {"link": "x"})
    assert said is not None
    assert said.startswith(spoken)
