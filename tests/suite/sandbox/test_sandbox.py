"""The sandbox as a process: settings, state over a restart, control API, reset."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from suite.sandbox.app import build
from suite.sandbox.parameters import allowed
from tests.suite.sandbox.house import SURVEY, House, open_house, settings


async def test_a_restart_keeps_users_credits_messages_and_codes(tmp_path: Path) -> None:
    state = tmp_path / "wechat.json"
    before = open_house(sandbox_state=state)
    async with before.app.router.lifespan_context(before.app):
        openid = await before.user()
        await before.accept(openid, SURVEY)
        await before.accept(openid, SURVEY)
        await before.invite(openid)
        code = await before.login_code(openid)
    after = open_house(sandbox_state=state)
    assert await after.get(f"/users/{openid}/credits") == {SURVEY: 1}
    assert len((await after.get(f"/users/{openid}/messages"))["items"]) == 1
    assert (await after.wechat.code_to_session(code)).openid == openid
    assert await after.invite(openid) > "3000000000000000001"
    await after.sandbox.pusher.close()


async def test_a_change_is_on_disk_a_moment_later_and_a_look_is_none(tmp_path: Path) -> None:
    state = tmp_path / "wechat.json"
    house = open_house(sandbox_state=state)
    async with house.app.router.lifespan_context(house.app):
        await house.get("/status")
        assert not state.exists()
        openid = await house.user()
        await until_file_has(state, openid)


async def until_file_has(path: Path, text: str) -> None:
    def has() -> bool:
        return path.exists() and text in path.read_text()

    async with asyncio.timeout(5):
        while not await asyncio.to_thread(has):  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.02)


async def test_a_reset_forgets_everything_but_goes_on_counting(house: House) -> None:
    openid = await house.user()
    await house.accept(openid, SURVEY)
    first = await house.invite(openid)
    await house.pass_time(days=1)
    await house.put("/faults", {"slow_seconds": 0.001})
    await house.post("/reset")
    status = await house.get("/status")
    assert (status["users"], status["messages"], status["tokens"]) == (0, 0, 0)
    assert status["faults"]["slow_seconds"] == 0
    assert (await house.control.get(f"/sandbox/users/{openid}")).status_code == 404
    assert await house.user() == openid
    await house.accept(openid, SURVEY)
    house.offset[0] *= 0
    assert int(await house.invite(openid)) > int(first)


async def test_a_user_is_found_again_by_her_key_and_may_change(house: House) -> None:
    openid = await house.user("li-na")
    assert await house.user("li-na") == openid
    assert await house.user("wang-fang") != openid
    changed = await house.control.patch(f"/sandbox/users/{openid}", json={"bound": False, "phone": "+33612345678"})
    assert (changed.json()["unionid"], changed.json()["phone"]) == (None, "+33612345678")
    bound = await house.control.patch(f"/sandbox/users/{openid}", json={"bound": True})
    assert bound.json()["unionid"]
    assert len((await house.get("/users"))["items"]) == 2
    assert "session_key" not in bound.text
    without = await house.post("/users", {"key": "no-phone"})
    assert (await house.control.post(f"/sandbox/users/{without['openid']}/phone-codes")).status_code == 409
    assert (await house.control.post("/sandbox/users", json={"phone": "call me"})).status_code == 422


async def test_it_says_that_it_lives_and_which_templates_it_has(house: House) -> None:
    assert (await house.control.get("/healthz")).json() == {"status": "ok"}
    templates = (await house.get("/templates"))["items"]
    assert [template["template_id"] for template in templates] == [
        SURVEY,
        "appointment-confirmed",
        "occasion-invitation",
        "seat-offer",
        "occasion-cancelled",
        "waitlist-offer",
    ]
    assert set(templates[0]["parameters"]) == {"thing1", "date2", "thing3"}


async def test_templates_are_a_setting() -> None:
    template = {"template_id": "mine", "title": "t", "parameters": {"thing1": "x"}}
    app = build(
        settings(sandbox_templates=[template]), push_transport=httpx.MockTransport(lambda _: httpx.Response(200))
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wechat") as control:
        assert (await control.get("/sandbox/templates")).json() == {"items": [template]}
    await app.state.sandbox.pusher.close()


def test_a_wrong_setting_is_named_and_the_process_stops() -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "MAISON_WECHAT_APPID": "wx1",
        "MAISON_WECHAT_SECRET": "s",
        "MAISON_WECHAT_PUSH_TOKEN": "t",
        "MAISON_WECHAT_PUSH_AES_KEY": "too-short",
        "MAISON_SANDBOX_PUSH_MODE": "secret",
    }
    code = "from suite.sandbox.app import build; build()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert "MAISON_WECHAT_PUSH_AES_KEY: must be an EncodingAESKey" in done.stderr
    assert "MAISON_SANDBOX_PUSH_MODE:" in done.stderr
    assert "too-short" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["{", '{"users": 3}'])
def test_a_state_file_that_is_none_stops_the_process_and_is_left_alone(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "other.json"
    state.write_text(content)
    with pytest.raises(SystemExit) as stopped:
        build(settings(sandbox_state=state))
    assert stopped.value.code == 78
    assert "MAISON_SANDBOX_STATE" in capsys.readouterr().err
    assert state.read_text() == content


@pytest.mark.parametrize(
    ("key", "text", "fits"),
    [
        ("thing1", "一" * 20, True),
        ("thing1", "一" * 21, False),
        ("number1", "1.5", True),
        ("number1", "1,5", False),
        ("letter1", "abc", True),
        ("letter1", "ab1", False),
        ("symbol1", "!?…", True),
        ("symbol1", "!!!!!!", False),
        ("character_string1", "A-1", True),
        ("character_string1", "单", False),
        ("time1", "15:01", True),
        ("time1", "2019年10月1日 15:01~16:01", True),
        ("time1", "24:01", False),
        ("date1", "2019年10月1日", True),
        ("date1", "2019年10月1日 15:01", True),
        ("date1", "2019-10-01", False),
        ("amount1", "¥100元", True),
        ("amount1", "¥¥1", False),
        ("phone_number1", "+86-13800138000", True),
        ("phone_number1", "ask", False),
        ("car_number1", "沪A12345", True),
        ("car_number1", "沪AD1234567", False),
        ("name1", "张" * 10, True),
        ("name1", "张" * 11, False),
        ("name1", "Anne-Marie", True),
        ("name1", "R2D2", False),
        ("phrase1", "已确认", True),
        ("phrase1", "OK", False),
        ("enum1", "x", True),
        ("colour1", "x", False),
    ],
)
def test_every_type_of_parameter_has_its_rule(key: str, text: str, *, fits: bool) -> None:
    assert allowed(key, text) is fits
