"""`make journey`: the seven steps, on one screen."""

import time

from infra.settings import load
from suite.house import House
from suite.journey import sale, visit, voice
from suite.journey.walk import Walk
from suite.launcher.settings import LauncherSettings


def run() -> int:
    """Walk the journey through the running suite; the first wrong answer ends it."""
    data = load(LauncherSettings).data
    folder = data / "journey"
    folder.mkdir(parents=True, exist_ok=True)
    walks = folder / "walks"
    walk = Walk(House.of_this_machine(), number=len(walks.read_text().split()) if walks.exists() else 0)
    # Counted before it begins: a walk that failed has used its customer and its phone.
    with walks.open("a") as file:
        file.write(f"{int(time.time())}\n")
    began = time.monotonic()
    with walk.step("The till's history is imported"):
        sale.import_history(walk, folder)
    with walk.step("A customer of the till is recognised in WeChat"):
        sale.recognise(walk)
    with walk.step("She books a private appointment, against rivals"):
        visit.book(walk)
    with walk.step("Her advisor sees the visit, prepared"):
        visit.prepare(walk)
    with walk.step("She comes and buys; what the house knows changes"):
        visit.come_and_buy(walk)
    with walk.step("She says how it was: three of ten"):
        voice.speak(walk)
    with walk.step("It is put right, and she is asked again"):
        voice.put_right(walk)
    walk.console.print(f"[bold green]The journey is complete[/bold green] in {time.monotonic() - began:.1f} s.")
    return 0
