"""What schemathesis checks here: all it can, each told what our contract means by it; and one check of our own."""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

from infra.problems import MEDIA_TYPE, URN
from infra.refusal import Malformed

UNPROCESSABLE = 422

# Every check of schemathesis is on, but one. Those that stand here are told what our contract means by them.
CHECKS: dict[str, Any] = {
    # 503 too: nothing is away while we try, so an answer of 5xx is a defect whatever the contract offers.
    "not_a_server_error": {"enabled": True, "expected-statuses": ["2xx", "3xx", "4xx"]},
    # 413: too many lines over all receipts together. 410 and 412: an id or a version was right once. Never 5xx.
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "422", "428"]
    },
    # What a schema allows may still be refused for what stands in the house, by the name of the situation. Not in this
    # list: 422, "not in the documented form". Which of those are by design, `excused` says. 429: guesses at a password.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "412", "413", "428", "429"]
    },
    # It takes the id in a path for that of what was just made: here `steer` has put another one there.
    "ensure_resource_availability": {"enabled": False},
    # RFC 6585 has a status of its own for a missing If-Match.
    "missing_required_header": {"expected-statuses": ["400", "401", "403", "404", "422", "428"]},
}

# What our own validators say, for want of a keyword of JSON Schema.
BEYOND_SCHEMA = {
    "value_error",  # two fields that do not go together
    "zone_unknown",  # five hundred names
    "decimal_max_digits",  # of a rate: JSON Schema has a step for numbers, and none counts digits
    "decimal_max_places",
    "pivot",  # the dollar's rate in dollars
    "name_unwritable",  # letters of any script, and no control characters
}
# Of a day or an instant, a string to JSON Schema: it has no bounds for them, and RFC 3339 has leap seconds.
OF_A_DATE = {
    "greater_than_equal",
    "less_than_equal",
    "date_from_datetime_parsing",
    "datetime_from_date_parsing",
    "datetime_parsing",
}
# Callers act on these, so every status that carries one says so.
PROMISED = ("ETag", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate")


class HeaderNotDocumented(Failure):
    """A header that callers act on, of which the document says nothing."""


@schemathesis.check
def documented_headers(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail when an answer carries a header that callers act on and its status does not name it."""
    known = case.operation.responses.find_by_status_code(response.status_code)
    if known is None:
        return  # status_code_conformance says so
    named = {name.lower() for name, _ in known.headers.items()}
    for name in PROMISED:
        if name.lower() in response.headers and name.lower() not in named:
            raise HeaderNotDocumented(operation=case.operation.label, message=f"{response.status_code} says {name}")


def excused(failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether a 422 to what the schema allows is by design: a rule that JSON Schema cannot say."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code != UNPROCESSABLE:
        return False
    if not response.headers["content-type"][0].startswith(MEDIA_TYPE):
        return True  # the page again, to be filled in better
    body = response.json()
    if body["type"] != f"{URN}{Malformed.slug}":
        return True  # named, such as `answer-does-not-fit`
    errors = body.get("errors", ())
    if not errors:
        # NUL, which PostgreSQL's text cannot hold: a pattern in every string of the document would hide its own.
        return "\\x00" in repr([case.path_parameters, case.query, case.body])
    return all(
        error["code"] in BEYOND_SCHEMA or (error["code"] in OF_A_DATE and isinstance(_at(error["pointer"], case), str))
        for error in errors
    )


def _at(pointer: str, case: Case[Any]) -> object:
    """What was sent where an error points, None if nothing stands there."""
    _, where, *steps = pointer.split("/")
    found: object = {"body": case.body, "query": case.query, "path": case.path_parameters}.get(where)
    for step in steps:
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found.get(step)
        else:
            return None
    return found
