"""The pass at the door: what a guest's QR code says. Whether its seal is ours is the keyring's to say."""

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

from infra.refusal import Kind, Refusal

_ID, _NUMBER, SEAL = 16, 4, 16  # bytes


class PassNotValid(Refusal):
    """Not a pass of this occasion, or one that was replaced by a newer one."""

    kind = Kind.ABSENT
    slug = "pass-not-valid"
    en = "This code does not open this occasion. Please ask the guest to open her invitation again."
    zh = "该二维码不适用于本活动，请来宾重新打开邀请函。"


@dataclass(frozen=True, slots=True)
class Pass:
    """One guest's pass: every change of her reply makes a new number, and the earlier ones open nothing."""

    invitation_id: UUID
    number: int
    seal: bytes

    def written(self) -> str:
        """The QR's content: 48 characters."""
        packed = self.invitation_id.bytes + self.number.to_bytes(_NUMBER, "big") + self.seal
        return base64.urlsafe_b64encode(packed).decode()


def read(token: str) -> Pass:
    """The pass in a token; raises PassNotValid for what cannot be one."""
    try:
        packed = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise PassNotValid from None
    if len(packed) != _ID + _NUMBER + SEAL:
        raise PassNotValid
    number = int.from_bytes(packed[_ID : _ID + _NUMBER], "big")
    return Pass(UUID(bytes=packed[:_ID]), number, packed[_ID + _NUMBER :])


def signed(brand_id: str, invitation_id: UUID, number: int) -> str:
    """What the seal is made of."""
    return f"{brand_id}:{invitation_id}:{number}"
