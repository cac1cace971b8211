"""All that profile can do: what its capabilities serve, what they do on facts, what they do on their own."""

from services.profile.books import api as books
from services.profile.campaigns import api as campaigns
from services.profile.campaigns.actions.running import campaigning
from services.profile.clients.actions.blinds import blinding
from services.profile.consents import api as consents
from services.profile.consents import reactions as on_consents
from services.profile.desk import api as desk
from services.profile.desk.actions.duplicates import searching
from services.profile.lists import api as lists
from services.profile.loyalty import api as loyalty
from services.profile.loyalty import reactions as on_loyalty
from services.profile.loyalty.actions.earning import counting
from services.profile.loyalty.actions.tending import tending
from services.profile.messages import api as messages
from services.profile.onboarding import api as onboarding
from services.profile.onboarding.actions.working import importing
from services.profile.pieces import reactions as on_pieces
from services.profile.privacy import api as privacy
from services.profile.privacy import reactions as on_privacy
from services.profile.purchases import api as purchases
from services.profile.purchases import reactions as on_purchases
from services.profile.purchases.actions.boutiques import learn_types
from services.profile.registers import api as registers
from services.profile.rights import api as rights
from services.profile.rights import reactions as on_rights
from services.profile.rights.actions.erasing import erase_again
from services.profile.segments import api as segments
from services.profile.segments.actions import reviewing
from services.profile.segments.actions.fitting import modelling
from services.profile.segments.actions.reporting import reporting
from services.profile.tasks import api as tasks
from services.profile.tasks.actions.rounds import rounding
from services.profile.touchpoints import api as touchpoints
from services.profile.touchpoints import reactions as on_touchpoints

SERVES = [api.routes for api in (consents, purchases, touchpoints, tasks, messages, lists, campaigns, privacy)]
SERVES += [messages.links, *segments.ROUTERS, *loyalty.ROUTERS, *books.ROUTERS, *onboarding.ROUTERS, *rights.ROUTERS]
SERVES += [*registers.ROUTERS, *desk.ROUTERS]
ON = (on_consents, on_purchases, on_pieces, on_touchpoints, on_loyalty, on_privacy, on_rights)
REACTS = [one for on in ON for one in on.REACTIONS]
LOOPS = [reviewing, modelling, reporting, searching, learn_types, erase_again, importing]
LOOPS += [blinding, counting, tending, rounding, campaigning]
