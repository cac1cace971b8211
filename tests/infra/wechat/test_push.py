"""Pushes: the documented vectors, and everything that must not be believed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.wechat.errors import PushForged, PushUnreadable
from infra.wechat.push_cipher import PushCipher, sign
from tests.infra.wechat import vectors
from tests.infra.wechat.vectors import desk

BODY = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": vectors.INBOUND}).encode()
PLAIN = b"<xml><FromUserName>o1</FromUserName><CreateTime>1714112445</CreateTime><Event>subscribe</Event></xml>"


def plain_query(at: datetime = vectors.INBOUND_AT, token: str = vectors.TOKEN) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    return {"timestamp": timestamp, "nonce": "7", "signature": sign(token, timestamp, "7")}


def test_the_url_check_answers_the_echo_as_it_came() -> None:
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    now = datetime.fromtimestamp(1714036504, UTC)
    assert desk().check_url(query, now=now) == "4375120948345356249"
    for broken in (query | {"nonce": "1"}, query | {"signature": ""}, query | {"echostr": ""}, {}):
        with pytest.raises(PushForged):
            desk().check_url(broken, now=now)


def test_a_push_in_safe_mode_is_verified_and_decrypted() -> None:
    push = desk().receive(vectors.INBOUND_QUERY, BODY, now=vectors.INBOUND_AT)
    assert push.text == vectors.INBOUND_TEXT
    assert sign(vectors.TOKEN, "1714112445", vectors.NONCE, vectors.INBOUND) == vectors.INBOUND_SIGNATURE


def test_an_encrypted_push_may_come_as_xml() -> None:
    body = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{vectors.INBOUND}]]></Encrypt></xml>".encode()
    assert desk().receive(vectors.INBOUND_QUERY, body, now=vectors.INBOUND_AT).text == vectors.INBOUND_TEXT


def test_in_compatible_mode_only_the_encrypted_part_is_read() -> None:
    body = json.dumps({"FromUserName": "somebody", "Event": "forged", "Encrypt": vectors.INBOUND}).encode()
    assert desk().receive(vectors.INBOUND_QUERY, body, now=vectors.INBOUND_AT).text == vectors.INBOUND_TEXT


def test_an_answer_with_content_is_encrypted_and_signed() -> None:
    assert desk().reply(
        vectors.OUTBOUND_TEXT, nonce=vectors.NONCE, now=vectors.OUTBOUND_AT, random=vectors.OUTBOUND_RANDOM
    ) == {
        "Encrypt": vectors.OUTBOUND,
        "MsgSignature": vectors.OUTBOUND_SIGNATURE,
        "TimeStamp": 1713424427,
        "Nonce": vectors.NONCE,
    }


@given(st.text(max_size=80))
def test_whatever_is_encrypted_is_decrypted_whatever_its_length(text: str) -> None:
    cipher = PushCipher(vectors.AES_KEY, vectors.APPID)
    assert cipher.decrypt(cipher.encrypt(text)) == text


def test_a_push_meant_for_another_account_is_refused() -> None:
    with pytest.raises(PushForged):
        desk(appid="wxanother").receive(vectors.INBOUND_QUERY, BODY, now=vectors.INBOUND_AT)


def test_an_altered_push_is_refused() -> None:
    with pytest.raises(PushForged):
        desk().receive(vectors.INBOUND_QUERY, BODY.replace(b"+qdx1", b"+qdx2"), now=vectors.INBOUND_AT)


@given(st.binary(max_size=100))
def test_a_body_that_is_anything_at_all_is_refused_without_a_fault(body: bytes) -> None:
    with pytest.raises((PushForged, PushUnreadable)):
        desk().receive(vectors.INBOUND_QUERY, body, now=vectors.INBOUND_AT)


@given(st.text(max_size=200))
def test_a_ciphertext_that_is_anything_at_all_is_refused_without_a_fault(encrypted: str) -> None:
    with pytest.raises(PushForged):
        PushCipher(vectors.AES_KEY, vectors.APPID).decrypt(encrypted)


@pytest.mark.parametrize("age", [timedelta(minutes=11), timedelta(minutes=-11)])
def test_an_old_signature_is_refused(age: timedelta) -> None:
    with pytest.raises(PushForged):
        desk().receive(vectors.INBOUND_QUERY, BODY, now=vectors.INBOUND_AT + age)


def test_a_signed_time_that_is_no_number_is_refused() -> None:
    query = {"timestamp": "soon", "nonce": "7", "signature": sign(vectors.TOKEN, "soon", "7")}
    with pytest.raises(PushForged):
        desk(plain_allowed=True).receive(query, PLAIN, now=vectors.INBOUND_AT)


def test_a_plain_push_is_believed_only_where_that_was_chosen() -> None:
    assert desk(plain_allowed=True).receive(plain_query(), PLAIN, now=vectors.INBOUND_AT).text == PLAIN.decode()
    with pytest.raises(PushForged):
        desk().receive(plain_query(), PLAIN, now=vectors.INBOUND_AT)
    with pytest.raises(PushForged):
        desk(plain_allowed=True).receive(plain_query(token="BBBBB"), PLAIN, now=vectors.INBOUND_AT)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><FromUserName>&a;</FromUserName></xml>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml/>',
        b"<xml><FromUserName>",
        b"<xml>text alone</xml>",
        b"[1, 2]",
        b"{",
        b"",
        b"\xff\xfe<xml/>",
        b"[" * 100_000,
        b"<a>" * 5_000,
    ],
)
def test_a_body_that_is_no_push_is_refused(body: bytes) -> None:
    with pytest.raises(PushUnreadable):
        desk(plain_allowed=True).receive(plain_query(), body, now=vectors.INBOUND_AT)


def plain_key(body: str, at: datetime = vectors.INBOUND_AT) -> str:
    return desk(plain_allowed=True).receive(plain_query(at), body.encode(), now=at).dedup_key


def test_a_resend_has_the_same_key_and_another_event_has_another() -> None:
    event = '{{"FromUserName":"o1","CreateTime":{at},"Event":"e","List":{{"TemplateId":"{template}"}}}}'
    first = plain_key(event.format(at=1, template="a"))
    assert first == plain_key(event.format(at=1, template="a"), vectors.INBOUND_AT + timedelta(seconds=5))
    xml = (
        "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><Event>e</Event>"
        "<SubscribeMsgPopupEvent><List><TemplateId>a</TemplateId></List></SubscribeMsgPopupEvent></xml>"
    )
    assert first == plain_key(xml)
    assert len({first, plain_key(event.format(at=2, template="a")), plain_key(event.format(at=1, template="b"))}) == 3


def test_a_message_is_known_by_its_id_and_the_key_tells_nothing_of_the_sender() -> None:
    key = plain_key('{"FromUserName":"o1secret","CreateTime":1,"MsgId":23}')
    assert key == plain_key('{"FromUserName":"o1secret","CreateTime":2,"MsgId":23}')
    assert "secret" not in key


def test_an_aes_key_of_another_length_is_a_wrong_setting() -> None:
    with pytest.raises(ValueError, match="43 characters"):
        PushCipher("short", vectors.APPID)


def test_neither_the_keys_nor_the_text_show_in_a_repr() -> None:
    push = desk().receive(vectors.INBOUND_QUERY, BODY, now=vectors.INBOUND_AT)
    assert "o9AgO5" not in repr(push)
    assert vectors.TOKEN not in repr(desk(appid="wx1"))
