"""What every route of the sandbox works on, as one dependency."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from suite.sandbox.pushes import Pusher
from suite.sandbox.settings import SandboxSettings
from suite.sandbox.templates import Template
from suite.sandbox.wecom_pushes import CorpPusher
from suite.sandbox.world import User, World


@dataclass(frozen=True)
class Sandbox:
    """One running sandbox."""

    settings: SandboxSettings
    world: World
    pusher: Pusher
    corp_pusher: CorpPusher

    @property
    def templates(self) -> dict[str, Template]:
        """The account's templates by their ids."""
        return {template.template_id: template for template in self.settings.sandbox_templates}

    def user(self, openid: str) -> User:
        """The user a path of the control API names, or 404."""
        user = self.world.users.get(openid)
        if user is None:
            raise HTTPException(404, "no such user")
        return user


def _here(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


Here = Annotated[Sandbox, Depends(_here)]
