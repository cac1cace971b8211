"""The fitted models: the published figures of CDNOW, and scores that say why."""

import csv
import gzip
import os
import random
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.special import hyp2f1

from services.profile.segments.models import buying, future, spending
from services.profile.segments.models.__main__ import fitted
from services.profile.segments.rules import value
from services.profile.segments.rules.future import WORDS, Feature, Model, outlook
from services.profile.segments.rules.value import Buying, History, Spending

CDNOW = Buying(0.243, 4.414, 0.793, 2.426)
CDNOW_SPEND = Spending(6.25, 3.74, 15.44)


def cdnow(name: str) -> Path:
    """One of CDNOW's files, which may be used for research and are not redistributed here."""
    named = os.environ.get("CDNOW_DATA")
    if not named or not (Path(named) / name).exists():
        pytest.skip("CDNOW_DATA does not name the folder with CDNOW's files, which are not redistributed here")
    return Path(named) / name


def test_bg_nbd_finds_the_published_parameters_of_cdnow() -> None:
    """Fader, Hardie and Lee 2005, table 2: the tenth of the first quarter's cohort, weeks, 39 of them."""
    with cdnow("cdnow_customers_summary_with_transactions.csv").open() as lines:
        rows = np.array([[float(cell) for cell in row[1:]] for row in list(csv.reader(lines))[1:]])
    assert len(rows) == 2_357
    found = buying.fit(rows[:, 0], rows[:, 1], rows[:, 2])
    assert found.converged
    assert [round(one, 2) for one in found.parameters] == [0.24, 4.41, 0.79, 2.43]
    assert found.parameters == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=0.0005)
    assert round(found.log_likelihood, 2) == -9582.43
    # The 946 who bought again, and the mean of their repeat purchases: 6.25, 3.74 and 15.44 in print. Our v is 15.448.
    again = rows[rows[:, 0] > 0]
    assert len(again) == 946
    worth = spending.fit(again[:, 0], again[:, 3])
    assert worth.converged
    assert worth.parameters == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_our_own_reading_of_cdnows_purchases_gives_the_same_histories() -> None:
    """By days, as `fits.histories` counts them; the printed summary counts weeks of two digits."""
    bought: dict[str, set[date]] = {}
    with gzip.open(cdnow("CDNOW_sample.txt.gz"), "rt") as lines:
        for line in lines:
            _, number, day, *_ = line.split()
            bought.setdefault(number, set()).add(date.fromisoformat(day))
    end = date(1997, 9, 30)
    seen = [sorted(day for day in days if day <= end) for days in bought.values()]
    rows = np.array([[len(days) - 1, (days[-1] - days[0]).days / 7, (end - days[0]).days / 7] for days in seen])
    found = buying.fit(rows[:, 0], rows[:, 1], rows[:, 2])
    assert [round(one, 2) for one in found.parameters] == [0.24, 4.41, 0.79, 2.43]


def test_what_is_expected_of_one_client_is_what_is_in_print() -> None:
    # Fader, Hardie and Lee's note on BG/NBD in Excel: x 2, t_x 30.43, T 38.86 weeks gives 1.226 purchases in 39 weeks.
    her = History(2, round(30.43 * 7), round(38.86 * 7), 22_35.0)
    assert value.expected_purchases(her, CDNOW, 39) == pytest.approx(1.226, abs=0.001)
    assert 0.7 < value.alive(her, CDNOW) < 0.75


@pytest.mark.parametrize("repeats", [0, 1, 3, 40])
@pytest.mark.parametrize("weeks", [1, 52, 2_000])
def test_our_sum_of_gauss_series_is_scipys(repeats: int, weeks: int) -> None:
    her = History(repeats, 60 if repeats else 0, 90, None)
    r, alpha, a, b = CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b
    age = her.age_days / 7
    z = weeks / (alpha + age + weeks)
    power = ((alpha + age) / (alpha + age + weeks)) ** (r + repeats)
    full = (a + b + repeats - 1) / (a - 1) * (1 - power * hyp2f1(r + repeats, b + repeats, a + b + repeats - 1, z))
    assert value.expected_purchases(her, CDNOW, weeks) == pytest.approx(full * value.alive(her, CDNOW), rel=1e-6)


def test_a_model_at_the_edge_of_what_is_possible_answers_all_the_same() -> None:
    edge = Buying(0.5, 1e-9, 1.0, 1.0)
    assert value.expected_purchases(History(0, 0, 0, None), edge, 52) >= 0
    far = Model((0.0,) * len(Feature), (1.0,) * len(Feature), (1e6,) * len(Feature), 0.0, 1.0, 0.0, 0.1)
    assert outlook(far, [1.0] * len(Feature)).score == 1.0
    assert outlook(far, [-1.0] * len(Feature)).score == 0.0


def test_who_bought_once_is_not_said_to_lapse_and_who_was_quiet_long_is() -> None:
    once = value.value(History(0, 0, 700, None), CDNOW, CDNOW_SPEND)
    quiet = value.value(History(5, 100, 700, 40_00.0), CDNOW, CDNOW_SPEND)
    lively = value.value(History(5, 690, 700, 40_00.0), CDNOW, CDNOW_SPEND)
    assert once.lapse_probability is None
    assert quiet.lapse_probability is not None
    assert lively.lapse_probability is not None
    assert quiet.lapse_probability > 0.9 > lively.lapse_probability
    assert quiet.expected_spend_minor < lively.expected_spend_minor


def test_the_more_is_known_of_her_the_more_her_own_mean_counts() -> None:
    of_all = value.expected_spend(History(0, 0, 10, None), CDNOW_SPEND)
    means = [value.expected_spend(History(times, 5, 10, 100.0), CDNOW_SPEND) for times in (1, 5, 50)]
    assert of_all == pytest.approx(6.25 * 15.44 / 2.74)
    assert all(one < other < 100 for one, other in pairwise([of_all, *means]))


def test_too_few_clients_give_no_value_model() -> None:
    found = fitted("value", [[1, 30, 60, 100.0]] * 499)
    assert (found["unusable"], found["clients"]) == ("too-few", 499)
    assert fitted("value", [])["unusable"] == "too-few"


def test_a_fit_that_the_data_does_not_decide_is_refused() -> None:
    """Everybody bought twice on the same days for the same: any spread fits, the narrower the better."""
    assert fitted("value", [[1, 30, 60, 100.0]] * 600)["unusable"] == "not-converged"


def rows(count: int, *, seed: int, rate: float = 0.1) -> list[list[float]]:
    """Clients of whom the more spend and visit, the more become VICs."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        features = [chance.gauss(0, 1) for _ in Feature]
        odds = 1.5 * features[0] + features[list(Feature).index(Feature.VISITS)] + np.log(rate)
        made.append([float(chance.random() < 1 / (1 + np.exp(-odds))), *features])
    return made


def test_the_score_is_borne_out_on_held_back_months_and_says_why() -> None:
    parts = [[part, *row] for part in range(3) for row in rows(2_000, seed=part)]
    found = fitted("future", parts)
    assert (found["unusable"], found["measures"]["rows"]) == (None, [2_000] * 3)
    assert found["measures"]["brier"] < 0.9 * found["measures"]["guessing"]
    tenths = found["measures"]["deciles"]
    assert sum(tenth["clients"] for tenth in tenths) == 2_000
    assert all(abs(tenth["foretold"] - tenth["came"]) < 0.1 for tenth in tenths)
    assert fitted("future", parts)["parameters"] == found["parameters"]
    model = Model(**found["parameters"])
    keen = [0.0] * len(Feature)
    keen[0], keen[list(Feature).index(Feature.VISITS)] = 2.0, 1.0
    assert outlook(model, keen).reasons[:2] == (Feature.SPEND, Feature.VISITS)
    assert outlook(model, keen).score > outlook(model, [0.0] * len(Feature)).score
    assert outlook(model, [0.0] * len(Feature)).reasons == ()


@pytest.mark.parametrize(("count", "rate"), [(900, 0.1), (2_000, 0.0001)])
def test_too_few_rows_or_too_few_vics_give_no_score(count: int, rate: float) -> None:
    parts = [[part, *row] for part in range(3) for row in rows(count, seed=part, rate=rate)]
    assert fitted("future", parts)["unusable"] == "too-few"
    assert fitted("future", [])["unusable"] == "too-few"


def test_a_score_that_held_back_months_do_not_bear_out_is_refused() -> None:
    earlier, (calibration, judgement) = rows(2_000, seed=1), [rows(2_000, seed=seed) for seed in (2, 3)]
    for row in (*calibration, *judgement):
        row[0] = 1 - row[0]  # what led to it then leads away from it now
    parts = [[0, *row] for row in earlier] + [[1, *row] for row in calibration] + [[2, *row] for row in judgement]
    assert fitted("future", parts)["unusable"] == "no-better-than-guessing"


def test_every_feature_is_something_she_did_or_told_us_and_inheritance_is_none() -> None:
    assert set(Feature) - set(WORDS) == {Feature.YEARS, Feature.QUIET}
    assert not [feature for feature in Feature if "inherit" in feature]
    part = future.Part(np.zeros((5, 2)), np.zeros(5))
    assert not part.suffices
