"""Who of the house may see a client in full, and on what ground."""

from datetime import timedelta
from enum import StrEnum

from infra.identity import Role
from infra.refusal import Kind, Refusal

# An access that someone opened for a reason of her own lasts this long; a visit is prepared and followed up as long.
GRANT = timedelta(hours=24)
AROUND_A_VISIT = timedelta(hours=24)

WHOLE_BRAND = frozenset({Role.CLIENT_SERVICE, Role.HEADQUARTERS, Role.PRIVACY, Role.SERVICE})
# These see the clients owned at their boutiques; an advisor only those she owns herself.
WHOLE_BOUTIQUE = frozenset({Role.MANAGER, Role.REGIONAL})
STAFF = frozenset(
    {
        Role.ADVISOR,
        Role.CLIENT_SERVICE,
        Role.AFTER_SALES,
        Role.EVENTS,
        Role.MANAGER,
        Role.REGIONAL,
        Role.HEADQUARTERS,
        Role.PRIVACY,
    }
)


class Ground(StrEnum):
    """Why someone may see a client in full; the access log keeps it."""

    SELF = "self"
    ROLE = "role"
    OWNER = "owner"
    DEPUTY = "deputy"
    PRESENT = "present"
    GRANT = "grant"
    CROSS_BRAND = "cross-brand"


class ClientUnknown(Refusal):
    """Nobody here, or nobody for this caller: the two are not told apart."""

    kind = Kind.ABSENT
    slug = "client-unknown"
    en = "There is no such client, or you may not see her. A visit, her advisor or an access with a reason opens it."
    zh = "客户不存在，或您无权查看。客户到店、本人为其顾问，或说明理由申请查看后方可打开。"


class ProcessingRestricted(Refusal):
    """She had the use of her data restricted: it is stored, and for whoever would use it she is not there."""

    kind = Kind.ABSENT
    slug = "processing-restricted"
    en = (
        "At the client's wish her data is stored but not used. Ask the data protection officer to lift the restriction."
    )
    zh = "应客户本人要求，其信息仅存储、不作使用。如需解除限制，请联系个人信息保护负责人。"


# Her history at other brands is shown to herself, to the advisor and the manager whose client she is, and to whoever
# stands in for that advisor.
ACROSS_BRANDS = frozenset({Ground.SELF, Ground.OWNER, Ground.DEPUTY})


def role_ground(role: Role) -> Ground | None:
    """The ground that a role alone gives."""
    return Ground.ROLE if role in WHOLE_BRAND else None
