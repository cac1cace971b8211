"""What of each table is in a client's copy: none that holds her data without its fields, or a reason why it is not."""

import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from infra.copies import Portion
from infra.erasure import PLUMBING, Decision, Fate
from tests.contracts.test_erasing import DATABASES, DECISIONS
from tests.infra.eventlog.builders import rows
from tests.running import Throwaway

COPIED: dict[str, Sequence[Portion]] = {}
LEFT_OUT: dict[str, Mapping[str, str]] = {}
for _name, _package in DATABASES.items():
    _told = importlib.import_module(f"{_package}.rights.tables.copied")
    COPIED[_name], LEFT_OUT[_name] = _told.COPIED, _told.LEFT_OUT
PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"
_LEFT_OUT = re.compile(r"^- ([a-z]+) `(\w+)`: (.+)$", re.MULTILINE)
_COLUMNS = "select table_name, column_name from information_schema.columns where table_schema = 'public'"
# Of a table that tells of her: which brand, which row, whose it is, how the row is found or changed, and who of the
# house wrote it. Everything else is told, or stands here by name.
_BOOKKEEPING = {
    "brand_id",
    "client_id",
    "version",
    "noted_by",
    "actor",
    "author",
    "author_advisor_id",
    "ended_by",
    "withdrawn_by",
    "separated_by",
    "subject",
    "asked_by",
    "requested_by",
    "delivered_to",
    "grant_id",
}
NOT_TOLD: Mapping[str, set[str]] = {
    "maison_profile": {
        "client.name_key",
        "client.given_key",
        "client.initials",
        "client.birthday_blind",
        "client_merge.merge_id",
        "client_merge.separated_at",
        "identity.identity_id",
        "identity.blind",
        "identity.tail",
        "client_date.date_id",
        "client_date.day_blind",
        "preference.preference_id",
        "note.note_id",
        "note.origin",
        "relation.relation_id",
        "relation.other_client_id",
        "consent.consent_id",
        "sensitive_item.item_id",
        "client_segment.review_on",
        "client_owner.inherited_from",
        "client_deputy.set_by",
        "client_plan.changed_by",
        "handover_client.handover_id",
        "handover_client.entry_id",
        "handover_client.boutique_id",
        "handover_client.is_counted",
        "handover_client.reasons",
        "handover_client.left_out_for",
        "handover_client.was_boutique_id",
        "handover_client.was_assigned_at",
        "handover_client.was_inherited_from",
        "handover_client.wecom_way",
        "handover_client.wecom_is_resigned",
        "handover_client.wecom_returns",
        "handover_client.wecom_code",
        "handover_client.wecom_tries",
        "handover_client.wecom_due_at",
        "points_entry.entry_id",
        "points_entry.number",
        "points_entry.lot_id",
        "points_entry.line",
        "points_entry.nth",
        "card.card_id",
        "card.issued_by",
        "card_wait.wait_id",
        "card_wait.number",
        "card_wait.joined_by",
        "privilege_grant.number",
        "privilege_grant.listed_by",
        "privilege_grant.handed_over_by",
        "task.key",
        "task.advisor_id",
        "task.boutique_id",
        "task.follows_owner",
        "task.put_off_to",
        "task.due_on",
        "task.over_on",
        "task.reason",
        "task.attempts",
        "task.outcome",
        "task.opened_by",
        "task_outcome.outcome_id",
        "task_outcome.advisor_id",
        "task_outcome.boutique_id",
        "task_outcome.given_by",
        "task_outcome.given_on",
        "purchase.boutique_id",
        "purchase.phone_blind",
        "purchase_line.sale_pos",
        "purchase_line.sale_line",
        "purchase_line.recipient_id",
        "piece_change.change_id",
        "piece_change.purchase_id",
        "piece_change.line",
        "piece_service.service_id",
        "piece_service.entered_at",
        "touchpoint.touchpoint_id",
        "touchpoint.event_id",
        "touchpoint.advisor_id",
        "reported_contact.contact_id",
        "reported_contact.ref",
        "reported_contact.advisor_id",
        "reported_contact.reported_at",
        "wish.wish_id",
        "message.appid",
        "message.template_id",
        "message.openid",
        "message.openid_blind",
        "message.link",
        "message.channel_ref",
        "message.due_at",
        "message.reference",
        "channel_word.source",
        "message.address",
        "message.words_blind",
        "message.drafted_by",
        "message.expires_at",
        "message.sender_id",
        "message.why",
        "message.sending_at",
        "message_credit.appid",
        "message_credit.openid_blind",
        "wechat_event.event_id",
        "wechat_event.message_ref",
        "access_log.entry_id",
        "data_request.verified_at",
        "data_copy.copy_id",
        "data_copy.size_bytes",
        "data_copy.counts",
    },
    "maison_appointments": {
        "occasion_invitation.invitation_id",
        "occasion_invitation.occasion_id",
        "occasion_invitation.invited_by",
        "occasion_invitation.opens_at",
        "occasion_invitation.session_id",
        "occasion_invitation.seats_held",
        "occasion_invitation.pass_number",
        "occasion_invitation.to_tell",
        "occasion_invitation.tellings",
        "occasion_invitation.attempts",
        "occasion_invitation.next_attempt_at",
        "waitlist_entry.entry_id",
        "waitlist_entry.boutique_id",
        "waitlist_entry.experience_id",
        "waitlist_entry.advisor_id",
        "waitlist_entry.due_at",
        "waitlist_entry.silences",
        "waitlist_offer.offer_id",
        "waitlist_offer.entry_id",
        "waitlist_offer.appointment_id",
        "waitlist_offer.attempts",
        "waitlist_offer.next_attempt_at",
        "appointment.boutique_id",
        "appointment.advisor_id",
        "appointment.room_id",
        "appointment.experience_id",
        "appointment.expires_at",
        "appointment.cancelled_by",
        "arrangement.arranged_by",
        "appointment.second_advisor_id",
        "appointment.decided_by",
        "appointment.overridden",
        "proposal.proposal_id",
        "proposal.advisor_id",
        "proposal.second_advisor_id",
        "proposal.room_id",
        "proposal.assigned_for",
        "proposal.disruption_id",
        "proposal.overridden",
        "disrupted_visit.disruption_id",
        "disrupted_visit.from_advisor_id",
        "disrupted_visit.advisor_id",
        "disrupted_visit.proposal_id",
        "disrupted_visit.over_at",
        "visit.boutique_id",
        "visit.on_day",
        "visit.turn",
        "visit.status",
        "visit.advisor_id",
        "visit.telling",
        "visit.served_by",
    },
    "maison_feedback": {
        "invitation.cause_id",
        "invitation.survey_id",
        "invitation.boutique_id",
        "invitation.advisor_id",
        "invitation.token_hash",
        "invitation.token",
        "invitation.attempts",
        "invitation.next_attempt_at",
        "answer.survey_id",
        "answer.boutique_id",
        "answer.advisor_id",
        "work_order.boutique_id",
        "work_order.advisor_id",
        "work_order.assignee_id",
        "work_order.policy_version",
        "work_order.respond_within_minutes",
        "work_order.resolve_within_minutes",
        "work_order.started_at",
        "work_order.follows_id",
        "work_order.followed_by_id",
        "work_order.loop_answer_id",
        "work_order_step.step_id",
        "work_order_note.note_id",
    },
    "maison_recommend": {
        "bought.event_id",
        "visit.boutique_id",
        "assortment.boutique_id",
        "assortment_piece.place",
    },
    "maison_gateway": {
        "session.session_id",
        "session.role",
        "session.account_id",
        "session.partner_id",
        "session.openid",
    },
}


def _hers(name: str) -> set[str]:
    return {
        one.table for one in DECISIONS[name] if one.fate in {Fate.DELETED, Fate.UNLINKED} and not _is_everywhere(one)
    }


def _is_everywhere(one: Decision) -> bool:
    # Sealed answers to what she asked, gone after a day: what they say stands where it is kept.
    return one in PLUMBING


@pytest.mark.parametrize("name", DATABASES)
def test_a_table_that_holds_her_data_is_in_her_copy_or_says_why_not(name: str) -> None:
    told = [one.table for one in COPIED[name]]
    assert len(told) == len(set(told))
    assert set(told).isdisjoint(LEFT_OUT[name])
    assert all(LEFT_OUT[name].values())
    assert _hers(name) <= set(told) | set(LEFT_OUT[name]), "decide in rights/tables/copied, and in docs/privacy.md"
    known = {one.table for one in DECISIONS[name]}
    assert set(told) | set(LEFT_OUT[name]) <= known, "these tables are no more"


@pytest.mark.parametrize("name", DATABASES)
async def test_every_column_of_such_a_table_is_told_or_is_here_by_name(postgres: Throwaway, name: str) -> None:
    there = {(row["table_name"], row["column_name"]) for row in await rows(postgres.urls[name], _COLUMNS)}
    left = set()
    for portion in COPIED[name]:
        told = {field.name for field in portion.fields}
        columns = {column for table, column in there if table == portion.table}
        left |= {f"{portion.table}.{column}" for column in columns - told - _BOOKKEEPING}
    assert left == NOT_TOLD[name]


@pytest.mark.parametrize("name", DATABASES)
def test_every_field_has_a_name_in_both_languages(name: str) -> None:
    for portion in COPIED[name]:
        names = [field.name for field in portion.fields]
        assert len(names) == len(set(names)), portion.table
        named = [(portion.zh, portion.en), *((field.zh, field.en) for field in portion.fields)]
        assert all(zh and en for zh, en in named), portion.table


def test_the_page_says_what_is_left_out_and_why() -> None:
    said = {(where, table): why for where, table, why in _LEFT_OUT.findall(PAGE.read_text())}
    left = {(name.removeprefix("maison_"), table): why for name in DATABASES for table, why in LEFT_OUT[name].items()}
    assert said == left
