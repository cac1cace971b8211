"""`maison onboard` against the real service: it asks what it cannot tell, reconciles, and takes back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import typer

from infra.identity import Signer
from suite.door import Door
from suite.onboarding import asking
from suite.onboarding.asking import MappingUnfit, Said
from suite.onboarding.bringing import FileUnfit
from tests.conftest import Start
from tests.gateway.build import served
from tests.profile.bringing import written
from tests.profile.build import someone

CLIENTS = [["会员号", "客户姓名", "联系人手机"], ["M1", "王芳女士", "13800138001"], ["M2", "李明", "没有"]]
PURCHASES = [["小票号", "会员号", "货号", "数量", "金额", "日期"], ["R1", "M1", "RING-1", "1", "￥1,000", "2019/3/5"]]


async def test_the_command_brings_files_in_asking_what_it_cannot_tell(
    running: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = await running("profile")
    token = Signer.load(profile.keys / "gateway.json").sign(someone(), audience="profile")
    asked: list[str] = []

    def answer(question: str, **_: Any) -> str:
        asked.append(question)
        return {"pos": "old-crm", "currency": "CNY", "store": "SH-1"}[question.partition(":")[0]]

    def agree(question: str) -> bool:
        asked.append(question)
        return True

    # What stands between the command and a person at a terminal.
    monkeypatch.setattr(typer, "prompt", answer)
    monkeypatch.setattr(typer, "confirm", agree)
    clients, bought = tmp_path / "客户.csv", tmp_path / "bought.csv"
    clients.write_bytes(written(CLIENTS, "gb18030"))
    bought.write_bytes(written(PURCHASES))

    async with served(profile.app) as address:
        with Door(address, token=token) as door:
            said = Said("clients", columns=("phone=联系人手机",), asks=False)
            await asyncio.to_thread(asking.bring, door, clients, said)
            told = capsys.readouterr().out
            assert "2 lines read = 2 created + 0 amended + 0 matched + 0 unchanged + 0 refused" in told
            assert "left out 1: phone-unreadable" in told

            with pytest.raises(MappingUnfit, match="pos: missing"):
                await asyncio.to_thread(asking.bring, door, bought, Said("purchases", asks=False))
            left = (await asyncio.to_thread(door.get, "/v1/imports"))["items"][0]["import_id"]
            await asyncio.to_thread(asking.give_up, door, left)
            told = capsys.readouterr().out
            assert "cancelled, its file deleted" in told
            assert "--undo" not in told
            await asyncio.to_thread(asking.bring, door, bought, Said("purchases"))
            assert [question.partition(":")[0] for question in asked] == [
                "pos",
                "currency",
                "store",
                "Import all of it?",
            ]
            told = capsys.readouterr().out
            assert (
                "CNY 2019, in minor units: 100,000 in the file = 100,000 recorded + 0 there before + 0 refused" in told
            )

            import_id = told.rpartition("--undo ")[2][:36]
            await asyncio.to_thread(asking.take_back, door, import_id)
            assert not await profile.rows("select from purchase")

            bought.write_bytes(b"\xd0\xcf\x11\xe0")
            with pytest.raises(FileUnfit, match="old-or-locked"):
                await asyncio.to_thread(asking.bring, door, bought, Said("purchases"))
