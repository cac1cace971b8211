"""What pushes say, in all the shapes WeChat has been seen to use."""

import json
from datetime import UTC, datetime

import pytest

from infra.wechat.errors import PushUnreadable
from infra.wechat.push_events import (
    EVENTS,
    AuthorisationCancelled,
    AuthorisationRevoked,
    Followed,
    MessageDelivered,
    PopupAnswered,
    ProfileModified,
    SubscriptionEnded,
    Unfollowed,
    read_events,
)

AT = datetime.fromtimestamp(1700000000, UTC)
ACCEPTED = {"TemplateId": "survey", "SubscribeStatusString": "accept", "PopupScene": "0"}
REJECTED = {"TemplateId": "visit", "SubscribeStatusString": "reject", "PopupScene": "0"}
YES = PopupAnswered(openid="o1", at=AT, template_id="survey", accepted=True)
NO = PopupAnswered(openid="o1", at=AT, template_id="visit", accepted=False)


def event(name: str, **fields: object) -> str:
    return json.dumps(
        {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": 1700000000, "MsgType": "event", "Event": name} | fields
    )


def popup(**fields: object) -> str:
    return event("subscribe_msg_popup_event", **fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (popup(List=ACCEPTED), (YES,)),
        (popup(List=[ACCEPTED, REJECTED]), (YES, NO)),
        (popup(SubscribeMsgPopupEvent={"List": ACCEPTED}), (YES,)),
        (popup(SubscribeMsgPopupEvent={"List": [ACCEPTED, REJECTED]}), (YES, NO)),
        (popup(SubscribeMsgPopupEvent=[ACCEPTED, REJECTED]), (YES, NO)),
        (popup(SubscribeMsgPopupEvent=[{"List": ACCEPTED}, {"List": [REJECTED]}]), (YES, NO)),
        (popup(SubscribeMsgPopupEvent=ACCEPTED), (YES,)),
        (popup(List=[ACCEPTED, "noise", {"SubscribeStatusString": "accept"}]), (YES,)),
        (popup(), ()),
    ],
)
def test_the_answers_of_a_popup_are_read_from_every_shape_of_json(
    text: str, expected: tuple[PopupAnswered, ...]
) -> None:
    assert read_events(text) == expected


def test_the_answers_of_a_popup_are_read_from_xml() -> None:
    def listed(item: dict[str, str]) -> str:
        return "<List>" + "".join(f"<{key}><![CDATA[{value}]]></{key}>" for key, value in item.items()) + "</List>"

    head = (
        "<xml><ToUserName>gh</ToUserName><FromUserName><![CDATA[o1]]></FromUserName><CreateTime>1700000000</CreateTime>"
        "<MsgType>event</MsgType><Event><![CDATA[subscribe_msg_popup_event]]></Event><SubscribeMsgPopupEvent>"
    )
    tail = "</SubscribeMsgPopupEvent></xml>"
    assert read_events(head + listed(ACCEPTED) + tail) == (YES,)
    assert read_events(head + listed(ACCEPTED) + listed(REJECTED) + listed(ACCEPTED) + tail) == (YES, NO, YES)


def test_a_template_switched_off_is_an_end_and_one_switched_on_is_nothing() -> None:
    off = event("subscribe_msg_change_event", List=REJECTED)
    assert read_events(off) == (SubscriptionEnded(openid="o1", at=AT, template_id="visit"),)
    assert read_events(event("subscribe_msg_change_event", List=ACCEPTED)) == ()


def test_a_delivery_names_the_message_and_what_became_of_it() -> None:
    item = {"TemplateId": "survey", "MsgID": "1700827132819554304", "ErrorCode": "1003", "ErrorStatus": "failed"}
    assert read_events(event("subscribe_msg_sent_event", List=item)) == (
        MessageDelivered(openid="o1", at=AT, template_id="survey", msgid="1700827132819554304", errcode=1003),
    )


def test_a_withdrawn_authorisation_is_about_the_openid_and_not_the_sender() -> None:
    fields = {"FromUserName": "platform", " OpenID": "o7", " AppID": "wx1", " RevokeInfo": "6,8"}
    assert read_events(event("user_authorization_revoke", **fields)) == (
        AuthorisationRevoked(openid="o7", at=AT, items=("6", "8")),
    )
    assert read_events(event("user_authorization_cancellation", **fields)) == (
        AuthorisationCancelled(openid="o7", at=AT),
    )
    assert read_events(event("user_info_modified", **fields)) == (ProfileModified(openid="o7", at=AT),)


def test_following_and_leaving_the_official_account_are_read() -> None:
    assert read_events(event("subscribe", EventKey="qrscene_7")) == (Followed(openid="o1", at=AT),)
    assert read_events(event("unsubscribe")) == (Unfollowed(openid="o1", at=AT),)


def test_a_push_nobody_needs_is_no_event() -> None:
    assert read_events(event("VIEW", EventKey="https://example.com")) == ()
    assert read_events('{"FromUserName":"o1","CreateTime":1,"MsgType":"text","Content":"hi","MsgId":1}') == ()


@pytest.mark.parametrize(
    "text",
    [
        popup(FromUserName="", List=ACCEPTED),
        popup(CreateTime="soon", List=ACCEPTED),
        popup(CreateTime=10**30, List=ACCEPTED),
        popup(CreateTime=True, List=ACCEPTED),
        event("subscribe_msg_sent_event", List={"TemplateId": "survey", "MsgID": "1", "ErrorCode": "x"}),
        event("user_authorization_revoke", RevokeInfo="8"),
    ],
)
def test_an_event_without_a_person_or_a_time_is_refused(text: str) -> None:
    with pytest.raises(PushUnreadable):
        read_events(text)


def test_an_event_travels_between_services_as_json_and_hides_the_person_in_a_repr() -> None:
    assert EVENTS.validate_json(EVENTS.dump_json(YES)) == YES
    assert "o1" not in repr(YES)
