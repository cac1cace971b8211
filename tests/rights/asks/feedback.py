"""How feedback is asked."""

from collections.abc import Mapping

from tests.feedback.build import RESOLVED, answers, survey
from tests.rights.asking import Ask
from tests.rights.house import House

ORDER = {"boutique_id": "{boutique_id}", "client_id": "{client_id}", "severity": "medium", "text": "表带有划痕"}


async def a_draft(house: House) -> Mapping[str, str]:
    """A survey that is not published."""
    made = await house.made("feedback", "hq", "POST", "/v1/surveys", survey(f"s-{house.number()}"))
    return {"survey_id": made["survey_id"]}


async def _step(house: House, ids: Mapping[str, str], step: str, body: object = None) -> Mapping[str, str]:
    await house.made("feedback", "ma", "POST", f"/v1/work-orders/{ids['work_order_id']}/{step}", body)
    return ids


async def an_order(house: House) -> Mapping[str, str]:
    """A work order of the owning advisor."""
    raised = {name: house.ids[name] for name in ("boutique_id", "client_id")}
    made = await house.made("feedback", "ma", "POST", "/v1/work-orders", ORDER | raised)
    order = {"work_order_id": made["work_order_id"]}
    return await _step(house, order, "assign", {"advisor_id": house.ids["advisor_id"]})


async def _started(house: House) -> Mapping[str, str]:
    return await _step(house, await an_order(house), "start")


async def _resolved(house: House) -> Mapping[str, str]:
    return await _step(house, await _started(house), "resolve", RESOLVED)


_ORDERS = "/v1/work-orders/{work_order_id}"

ASKS: Mapping[str, Ask] = {
    "PUT /v1/retention/feedback/{category}": Ask({"days": 400}, named={"category": "feedback_category"}),
    # The second answer through one link comes too late, whoever gives it.
    "POST /s/{token}": Ask(answers(), also=frozenset({"survey-answered"})),
    "GET /v1/answers": Ask(shows="answer_id", words="her_words"),
    "GET /v1/journeys": Ask(shows="journey_id"),
    "POST /v1/journeys": Ask({"name": "到店", "steps": [{"trigger": "visit-completed", "survey_id": "{survey_id}"}]}),
    "PUT /v1/sla-policies": Ask({"severity": "high", "respond_within_minutes": 30, "resolve_within_minutes": 1440}),
    "GET /v1/survey-invitations": Ask(shows="invitation_id"),
    "POST /v1/survey-invitations": Ask(
        {
            "survey_id": "{survey_id}",
            "client_id": "{client_id}",
            "boutique_id": "{boutique_id}",
            "delay_minutes": 10_000,
        }
    ),
    "GET /v1/survey-invitations/{invitation_id}": Ask(shows="invitation_id"),
    "POST /v1/work-orders/open": Ask(
        {"subject": "somebody", "role": "headquarters", "client_ids": ["{client_id}"]}, shows="work_order_id"
    ),
    "GET /v1/surveys": Ask(shows="survey_id"),
    "POST /v1/surveys": Ask(survey("s-{n}")),
    "GET /v1/surveys/{survey_id}": Ask(shows="survey_id"),
    "POST /v1/surveys/{survey_id}/publish": Ask(fresh=a_draft),
    "GET /v1/work-orders": Ask(shows="work_order_id", words="her_words"),
    "POST /v1/work-orders": Ask(ORDER),
    f"GET {_ORDERS}": Ask(shows="work_order_id", words="her_words"),
    f"POST {_ORDERS}/assign": Ask({"advisor_id": "{advisor_id}"}, fresh=an_order),
    f"POST {_ORDERS}/start": Ask(fresh=an_order),
    f"POST {_ORDERS}/notes": Ask({"text": "已致电"}, fresh=an_order),
    f"POST {_ORDERS}/resolve": Ask(RESOLVED, fresh=_started),
    f"POST {_ORDERS}/close": Ask(fresh=_resolved),
    f"POST {_ORDERS}/reopen": Ask(fresh=_resolved),
}
