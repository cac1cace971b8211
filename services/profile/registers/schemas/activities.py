"""Processing activities on the wire."""

from datetime import date
from typing import Annotated

from pydantic import Field

from infra.wire import Form, Text
from services.profile.consents.rules import Purpose
from services.profile.registers.rules.activities import AssessedFor, LegalBasis, Place
from services.profile.registers.schemas.entries import Categories, Country, EntryForm, EntryView, Words


class RecipientForm(Form):
    """Somebody outside the house who receives the data."""

    name: Text
    country: Country
    place: Place


class ActivityForm(EntryForm):
    """One thing the house does with personal data (PIPL, articles 55 and 56)."""

    name: Text
    purpose: Words
    legal_basis: LegalBasis
    consent_purpose: Purpose | None = None
    separate_consent: bool = False
    categories: Categories
    persons: Annotated[list[Text], Field(min_length=1, max_length=20)]
    recipients: Annotated[list[RecipientForm], Field(max_length=50, default=[])]
    retention: Words
    stored_in: Words
    automated: bool = False
    major: bool = False
    started_on: date


class ActivityView(EntryView):
    """One activity. `to_assess` says why it has to be assessed before it begins.

    `is_assessed`: an assessment of the register accepts all of that, and its review is not overdue.
    """

    activity: ActivityForm
    to_assess: list[AssessedFor]
    is_assessed: bool
