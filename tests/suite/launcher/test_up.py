"""What stands in the launcher's way is said in two lines."""

from pathlib import Path

import pytest

from suite.launcher import ports, up, vault
from suite.launcher.obstacles import StepFailed
from suite.launcher.settings import LauncherSettings


def test_databases_that_do_not_answer_at_the_start_are_named_with_advice(tmp_path: Path) -> None:
    admin_url = f"postgresql://nobody:hush@127.0.0.1:{ports.free()}/postgres"
    with pytest.raises(StepFailed, match="who was erased") as refused:
        up.remember_the_erased(LauncherSettings(data=tmp_path), vault.kept(tmp_path), admin_url)
    assert "maison doctor" in refused.value.advice
    assert "hush" not in refused.value.what
