"""The vectors of WeChat's session signatures and encrypted open data."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.wechat.errors import OpenDataForged
from infra.wechat.open_data import is_genuine, open_data, session_signature

SESSION_KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="
IV = "ZmVkY2JhOTg3NjU0MzIxMA=="
ENCRYPTED = (
    "/zKksLWsmvxbw65eoGVnlJgByfhVA3B7OucVR9YfnROXMeht7O4jvVTLC1qQtIadUy968xbYGyl5DVVqCqfSa/eI3sT08QkpS/hFcLxHLqNdpanIJ"
    "kG9CPKklS/NDawMsGLBnaw6Qcjv0qoAPYHmFmCAdmH6IaePLG8cKO+bdTYKK02B7nNQ3Klt+Lq03BOZ"
)
APPID = "wxTESTAPPID0001"
AT = datetime.fromtimestamp(1700000000, UTC)


def test_the_signature_of_checksession_is_keyed_with_the_session_key_as_text() -> None:
    expected = "65c26191fb220dd48254bddaae22d91dbbfeabf55089d8b176eb6e7cd3109414"
    assert session_signature(SESSION_KEY) == expected


def test_a_posted_body_is_signed_the_same_way() -> None:
    expected = "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
    assert session_signature("o0q0otL8aEzpcZL/FT9WsQ==", '{"foo":"bar"}') == expected


def test_encrypted_open_data_opens_with_its_session_key() -> None:
    assert open_data(SESSION_KEY, IV, ENCRYPTED, appid=APPID, now=AT) == {
        "phoneNumber": "13800138000",
        "purePhoneNumber": "13800138000",
        "countryCode": "86",
        "watermark": {"appid": APPID, "timestamp": 1700000000},
    }


@pytest.mark.parametrize(
    ("session_key", "iv", "encrypted", "appid", "late"),
    [
        (SESSION_KEY, IV, ENCRYPTED, "wxSOMEBODYELSE", timedelta(0)),
        (SESSION_KEY, IV, ENCRYPTED, APPID, timedelta(minutes=11)),
        ("o0q0otL8aEzpcZL/FT9WsQ==", IV, ENCRYPTED, APPID, timedelta(0)),
        (SESSION_KEY, IV, ENCRYPTED[:-4], APPID, timedelta(0)),
        ("not base64", IV, ENCRYPTED, APPID, timedelta(0)),
        (SESSION_KEY, IV, "", APPID, timedelta(0)),
    ],
    ids=["another app", "too old", "another session", "cut off", "no key", "nothing"],
)
def test_open_data_that_is_not_ours_or_not_fresh_is_refused(
    session_key: str, iv: str, encrypted: str, appid: str, late: timedelta
) -> None:
    with pytest.raises(OpenDataForged):
        open_data(session_key, iv, encrypted, appid=appid, now=AT + late)


def test_plain_open_data_is_believed_only_with_its_signature() -> None:
    signature = "ab0aa6c3e1f93ce7391ecf6ae3d4d4d9b1c32f38"
    assert not is_genuine('{"nickName":"x"}', SESSION_KEY, signature)
    # sha1 of '{}' followed by the key, computed with sha1sum.
    assert is_genuine("{}", SESSION_KEY, "c8c2e531eb1edf1e52a10834b6e0bbb6c2e20b31")
