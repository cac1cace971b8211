"""The gateway's settings: what is wrong, or is missing beside another, stops the process and is named."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.app import build, merged
from infra import keys
from tests.gateway.build import gateway_settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_account": "admin"},
        {"first_account": "Lumiere:admin"},
        {"first_password": "short"},
        {"cors_origins": "console.example.com"},
        {"trusted_proxies": "everywhere"},
        {"limit_factor": 0},
        {"wechat_brand": "LUMIÈRE"},
        {"wechat_push_aes_key": "A" * 42},
        {"wechat_push_aes_key": "A" * 42 + "!"},
        {"wechat_push_aes_key": "A" * 44},
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, wrong: dict[str, Any]) -> None:
    keys.create(tmp_path)
    with pytest.raises(ValidationError) as refused:
        gateway_settings(database_url="postgresql://x", log_url="postgresql://x", keys=tmp_path, **wrong)
    assert refused.value.errors()[0]["loc"] == (next(iter(wrong)),)


APPID, SECRET, TOKEN, AES_KEY = (f"MAISON_WECHAT_{name}" for name in ("APPID", "SECRET", "PUSH_TOKEN", "PUSH_AES_KEY"))
WECHAT = {APPID: "wx1", SECRET: "s", TOKEN: "t", AES_KEY: "A" * 43}
ADMIN = {"MAISON_FIRST_ACCOUNT": "lumiere:admin", "MAISON_FIRST_PASSWORD": "a long enough password"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (WECHAT | ADMIN | {AES_KEY: "A" * 42}, f"{AES_KEY}: must be an EncodingAESKey: 43 characters of base64"),
        *[
            (
                {other: value for other, value in (WECHAT | ADMIN).items() if other != name},
                f"{name}: must be set, for {', '.join(other for other in WECHAT if other != name)} is",
            )
            for name in WECHAT
        ],
        ({APPID: "wx1"}, f"{SECRET}, {TOKEN}, {AES_KEY}: must be set, for {APPID} is"),
        (WECHAT, "MAISON_WECHAT_BRAND: must be set (or MAISON_FIRST_ACCOUNT)"),
        ({"MAISON_FIRST_ACCOUNT": "lumiere:admin"}, "MAISON_FIRST_PASSWORD: must be set, for MAISON_FIRST_ACCOUNT is"),
        ({"MAISON_FIRST_PASSWORD": "p" * 12}, "MAISON_FIRST_ACCOUNT: must be set, for MAISON_FIRST_PASSWORD is"),
    ],
)
def test_half_an_account_stops_the_process_and_names_the_other_half(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    said: str,
) -> None:
    keys.create(tmp_path)
    needed = {
        "MAISON_DATABASE_URL": "postgresql://x",
        "MAISON_LOG_URL": "postgresql://x",
        "MAISON_KEYS": str(tmp_path / "gateway.json"),
        "MAISON_INNER_JWKS": str(tmp_path / "inner-jwks.json"),
    }
    for name, value in {**needed, **given}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        build()
    assert stopped.value.code == 78
    printed = capsys.readouterr().err
    assert printed.startswith(said)
    assert not any(value in printed for value in given.values() if len(value) > 10)


def test_without_the_merged_document_the_process_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = tmp_path / "openapi.json"
    torn.write_text('{"openapi"')
    for path in (torn, tmp_path / "missing" / "openapi.json"):
        with pytest.raises(SystemExit) as stopped:
            merged(path)
        assert stopped.value.code == 78
        assert "openapi.json cannot be read" in capsys.readouterr().err
    assert merged()["paths"]
