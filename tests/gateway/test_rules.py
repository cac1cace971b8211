"""The gateway's decisions: values in, verdict out."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.forward.rules import Match, Operation, Table, declared_length, has_body, inbound, operations, outbound
from gateway.identity.rules import PlaceMissing, Presented, Worth, brand_of, require_place, sole, weigh
from gateway.limits.rules import Level, Policy, draw, neighbourhood
from gateway.partners import rules as partners
from gateway.partners.models import new_secret
from gateway.wechat.rules import event_id, is_believable, newcomer, pause_after
from infra.identity import Role
from tests.gateway.build import NOW, document, operation


def test_a_bucket_gives_its_quota_and_then_one_for_each_share_of_the_window() -> None:
    policy = Policy("subject", 2, 60)
    first = draw(policy, None, now=0)
    second = draw(policy, first.level, now=0)
    third = draw(policy, second.level, now=0)
    assert [first.wait, second.wait, third.wait] == [0, 0, 30]
    assert third.reset == 30
    assert draw(policy, third.level, now=30).allowed


@given(st.lists(st.floats(min_value=0, max_value=50), max_size=60))
def test_no_pattern_of_requests_gets_more_than_the_quota_and_the_refill(gaps: list[float]) -> None:
    policy, level, now, allowed = Policy("subject", 5, 10), None, 0.0, 0
    for gap in gaps:
        now += gap
        drawn = draw(policy, level, now=now)
        level, allowed = drawn.level, allowed + drawn.allowed
    assert allowed <= policy.quota + now * policy.quota / policy.window + 1e-6


def test_a_clock_that_goes_backwards_takes_nothing_away() -> None:
    policy = Policy("subject", 5, 10)
    assert draw(policy, Level(3, at=100), now=50).level.tokens == 2


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, place: str) -> None:
    assert neighbourhood(address) == place


def test_a_used_refresh_token_is_reused_and_an_old_or_revoked_one_worthless() -> None:
    later = NOW.replace(year=NOW.year + 1)
    assert weigh(None, now=NOW) is Worth.WORTHLESS
    assert weigh(Presented(later, None, None), now=NOW) is Worth.GOOD
    assert weigh(Presented(later, NOW, None), now=NOW) is Worth.REUSED
    assert weigh(Presented(later, NOW, NOW), now=NOW) is Worth.REUSED
    assert weigh(Presented(later, None, NOW), now=NOW) is Worth.WORTHLESS
    assert weigh(Presented(NOW, None, None), now=NOW) is Worth.WORTHLESS


@pytest.mark.parametrize(
    ("seconds", "is_successor_used", "is_revoked", "worth"),
    [
        (9.9, False, False, Worth.REPEATED),
        (10, False, False, Worth.REUSED),
        (1, True, False, Worth.REUSED),
        (1, False, True, Worth.REUSED),
    ],
)
def test_a_refresh_token_may_be_repeated_for_ten_seconds_while_its_successor_is_untouched(
    seconds: float,
    is_successor_used: bool,  # noqa: FBT001
    is_revoked: bool,  # noqa: FBT001
    worth: Worth,
) -> None:
    later = NOW.replace(year=NOW.year + 1)
    presented = Presented(later, NOW, NOW if is_revoked else None, is_successor_used)
    assert weigh(presented, now=NOW + timedelta(seconds=seconds)) is worth


def test_a_refresh_token_names_its_brand() -> None:
    assert brand_of("lumiere." + "x" * 43) == "lumiere"
    assert brand_of("lumiere") is None
    assert brand_of("Lumiere." + "x" * 43) is None


def test_a_username_without_brand_is_good_only_if_one_brand_has_it() -> None:
    assert sole({"lumiere"}) == "lumiere"
    assert sole({"lumiere", "aurore"}) is None
    assert sole(()) is None


@pytest.mark.parametrize(
    ("role", "has_advisor", "boutiques", "has_region", "fit"),
    [
        ("advisor", True, 1, False, True),
        ("advisor", False, 1, False, False),
        ("advisor", True, 0, False, False),
        ("manager", False, 1, False, True),
        ("manager", False, 0, False, False),
        ("regional", False, 0, True, True),
        ("regional", False, 0, False, False),
        ("headquarters", False, 0, False, True),
    ],
)
def test_an_account_has_the_place_its_role_belongs_to(
    role: str,
    has_advisor: bool,  # noqa: FBT001
    boutiques: int,
    has_region: bool,  # noqa: FBT001
    fit: bool,  # noqa: FBT001
) -> None:
    if fit:
        require_place(role, has_advisor=has_advisor, boutiques=boutiques, has_region=has_region)
    else:
        with pytest.raises(PlaceMissing):
            require_place(role, has_advisor=has_advisor, boutiques=boutiques, has_region=has_region)


def test_the_signature_of_a_till_is_what_it_always_was() -> None:
    made = partners.signature(
        "maison_sign_example", method="POST", target="/v1/purchases?a=1", body=b"{}", timestamp="1", nonce="n" * 16
    )
    assert made == "v1=573e19a21a85ad85e510c8dba8b353cf563cc11ab28b24bf47b5484b6d3cc1ab"


@given(st.integers(min_value=-400, max_value=400))
def test_a_tills_clock_may_be_three_hundred_seconds_off(offset: int) -> None:
    timestamp = str(int(NOW.timestamp()) + offset)
    if abs(offset) <= 300:
        partners.require_in_time(timestamp, now=NOW)
    else:
        with pytest.raises(partners.SignatureInvalid):
            partners.require_in_time(timestamp, now=NOW)


@pytest.mark.parametrize("timestamp", ["", "now", "1e9", "-1", "٣", "9" * 400, " 1"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(partners.SignatureInvalid):
        partners.require_in_time(timestamp, now=NOW)


def test_a_secret_carries_a_checksum_that_a_slip_breaks() -> None:
    secret = new_secret(partners.SECRET)
    assert partners.is_secret(secret, partners.SECRET)
    assert not partners.is_secret(secret, partners.SIGNING)
    at = len(partners.SECRET) + 3
    slipped = secret[:at] + ("a" if secret[at] != "a" else "b") + secret[at + 1 :]
    assert not partners.is_secret(slipped, partners.SECRET)
    assert not partners.is_secret(secret[:-1], partners.SECRET)


def _table() -> Table:
    return Table(
        operations(
            document(
                {
                    "/v1/clients/search": {"post": operation("profile", "advisor")},
                    "/v1/clients/{client_id}": {
                        "get": operation("profile", "advisor", "client"),
                        "patch": operation(
                            "profile",
                            "advisor",
                            **{"x-max-body": 10, "parameters": [{"in": "header", "name": "If-Match"}]},
                        ),
                    },
                    "/v1/clients/{id}/recommendations": {"get": operation("recommend", "advisor")},
                    "/v1/accounts": {"post": operation("gateway", "headquarters")},
                    "/s/{token}": {"get": operation("feedback")},
                }
            )
        )
    )


def test_a_path_finds_its_operation_and_a_literal_goes_before_a_parameter() -> None:
    table = _table()

    def found(method: str, path: str) -> Operation:
        match = table.find(method, path.encode())
        assert match is not None
        assert match.operation is not None
        return match.operation

    assert found("GET", "/v1/clients/42").path == "/v1/clients/{client_id}"
    assert found("POST", "/v1/clients/search").path == "/v1/clients/search"
    # Nobody's id is `search`, whatever the method.
    assert table.find("GET", b"/v1/clients/search") == Match(None, ("POST",))
    assert found("GET", "/v1/clients/42/recommendations").service == "recommend"
    assert found("GET", "/s/lumiere.abc").roles is None
    assert found("PATCH", "/v1/clients/42").body_limit == 10
    assert found("PATCH", "/v1/clients/42").headers == {b"if-match"}
    assert found("PATCH", "/v1/clients/42").roles == frozenset({Role.ADVISOR})
    assert table.find("PUT", b"/v1/clients/42") == Match(None, ("GET", "PATCH"))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/v1",
        "/v1/clients",
        "/v1/clients/",
        "/v1/clients/42/",
        "/v1/clients/42/nothing",
        "/v1/accounts",
        "/v1/clients/a%2Fb",
        "/v1/clients/%2e%2e/recommendations",
        "/v1/clients/../clients/42",
        "/v1/clients/./42",
        "/v1//clients/42",
        "/v1/clients/a%00",
        "/v1/clients/a%5cb",
        "/v1/clients/\\",
        "/V1/clients/42",
    ],
)
def test_a_path_that_is_not_in_the_document_or_may_be_read_two_ways_leads_nowhere(path: str) -> None:
    assert _table().find("GET", path.encode()) is None


def test_two_operations_for_one_request_are_a_defect_of_the_document() -> None:
    with pytest.raises(ValueError, match="two operations"):
        Table(
            operations(
                document({"/v1/a/{x}": {"get": operation("profile")}, "/v1/a/{y}": {"get": operation("feedback")}})
            )
        )


def test_only_known_headers_go_in_and_no_connections_go_out() -> None:
    allowed = Operation("profile", "GET", "/x", None, headers=frozenset({b"x-extra"}))
    outside = [
        (b"accept", b"a"),
        (b"authorization", b"b"),
        (b"cookie", b"c"),
        (b"x-user-id", b"d"),
        (b"x-forwarded-for", b"e"),
        (b"traceparent", b"f"),
        (b"connection", b"g"),
        (b"host", b"h"),
        (b"x-extra", b"i"),
    ]
    assert inbound(outside, allowed) == [(b"accept", b"a"), (b"x-extra", b"i")]
    inside = [
        (b"Content-Type", b"a"),
        (b"Connection", b"close, X-Secret"),
        (b"X-Secret", b"b"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Server", b"c"),
        (b"ETag", b"d"),
    ]
    assert outbound(inside) == [(b"content-type", b"a"), (b"etag", b"d")]


def test_a_body_is_announced_by_its_length_or_its_encoding() -> None:
    assert has_body([(b"content-length", b"3")])
    assert has_body([(b"transfer-encoding", b"chunked")])
    assert not has_body([(b"content-length", b"0")])
    assert not has_body([])
    assert declared_length([(b"content-length", b"3")]) == 3
    assert declared_length([(b"content-length", b"x")]) is None
    assert declared_length([]) is None


def test_each_event_of_a_push_keeps_its_id_and_waiting_has_an_end() -> None:
    ids = [event_id("k" * 64, number) for number in range(5)]
    assert len(set(ids)) == 5
    assert ids == [event_id("k" * 64, number) for number in range(5)]
    assert [pause_after(attempts).total_seconds() for attempts in (0, 1, 5, 6, 1000)] == [1, 2, 32, 60, 60]


@pytest.mark.parametrize(
    ("gone", "of", "believed"),
    [(0, 0, True), (3, 3, True), (4, 4, False), (4, 19, False), (4, 20, True), (200, 1_000, True), (201, 1_000, False)],
)
def test_a_few_leave_on_any_day_and_a_fifth_of_the_house_on_none(gone: int, of: int, *, believed: bool) -> None:
    assert is_believable(gone, of=of) is believed


@pytest.mark.parametrize(
    ("userid", "name", "said"),
    [
        ("ChenJing", " 陈静 ", "陈静"),
        ("chen.jing-2", "", "chen.jing-2"),
        ("a" * 64, "Ada\tWong", "Ada Wong"),
        ("a" * 65, "Ada", None),
        ("chen@house", "陈静", None),
        ("陈静", "陈静", None),
    ],
)
def test_a_newcomer_has_a_number_that_the_directory_takes_or_is_left_to_hr(
    userid: str, name: str, said: str | None
) -> None:
    item = newcomer(userid, name, "SH-1")
    assert (item["display_name"] if item else None) == said
    assert item is None or item["employee_number"] == item["wecom_userid"] == userid
