"""Routes of work orders, their policies, and the answers that open them."""

from services.feedback.workorders.api import answers, orders, peers, policies

ROUTERS = [answers.routes, policies.routes, peers.routes, orders.routes]
