"""Invented people go through the whole house, are erased, and are looked for in everything that was written down.

A thousand of them: `python -m tests.faults.canaries.main`, part of `make faults`.
"""

import pytest

from infra.ids import NOBODY
from tests.faults.canaries.erasing import LEFT, Aftermath, erased
from tests.faults.canaries.people import found
from tests.running import Throwaway

pytestmark = pytest.mark.timeout(600)

FEW = 60  # of the thousand: each is erased by itself, as an officer does it


@pytest.fixture(scope="module")
def aftermath(postgres: Throwaway) -> Aftermath:
    return erased(postgres, most=FEW)


def test_they_were_there(aftermath: Aftermath) -> None:
    # Otherwise nothing would be found because nothing was there.
    assert found(aftermath.before["dump of profile"])
    assert len(aftermath.certificates) > FEW


def test_nobody_is_found_in_any_database_log_metric_or_trace(aftermath: Aftermath) -> None:
    assert {what: kinds for what, text in aftermath.texts.items() if (kinds := found(text))} == {}


def test_their_ids_are_left_where_they_keep_them_away_and_nowhere_else(aftermath: Aftermath) -> None:
    assert aftermath.left <= LEFT


def test_every_certificate_is_complete(aftermath: Aftermath) -> None:
    assert all(one["is_complete"] for one in aftermath.certificates)
    told = {receipt["service"] for one in aftermath.certificates for receipt in one["receipts"]}
    assert told == {"profile", "appointments", "feedback", "recommend", "gateway"}


def test_what_was_counted_stays_without_them_and_without_words(aftermath: Aftermath) -> None:
    rows = aftermath.rows
    for table in ("appointment", "answer", "work_order", "invitation", "session"):
        assert rows[table], table
        assert {row["client_id"] for row in rows[table]} == {NOBODY}, table
    assert {row["client_id"] for row in rows["purchase"]} <= {NOBODY, None}
    assert [row for row in rows["answer"] + rows["work_order"] if row["words"] or row.get("resolution")] == []
    assert {row["score"] for row in rows["answer"]} == {3}
    assert rows["bought"] == []


def test_visits_to_come_are_cancelled_and_everybody_hears_of_it(aftermath: Aftermath) -> None:
    assert {row["status"] for row in aftermath.rows["appointment"]} <= {"cancelled", "expired"}
    assert len(aftermath.rows["cancelled"]) > 0


def test_a_client_who_was_signed_in_is_so_no_more(aftermath: Aftermath) -> None:
    assert aftermath.her_token == 401
    assert all(row["revoked_at"] and row["openid"] is None for row in aftermath.rows["session"])
