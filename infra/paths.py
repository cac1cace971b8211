"""Which methods an address offers. One that is spelled out in full is never taken for a parameter's value."""

from collections.abc import Iterable

from fastapi.routing import APIRoute


class Paths:
    """The addresses of one app."""

    def __init__(self, routes: Iterable[object]) -> None:
        self._routes = [route for route in routes if isinstance(route, APIRoute)]
        self._spelled = {route.path for route in self._routes if "{" not in route.path}

    def hides(self, template: str, path: str) -> bool:
        """Whether a route of another template owns this path: `/clients/search` is nobody whose id is `search`."""
        return template != path and path in self._spelled

    def offered(self, path: str) -> str:
        """The methods at a path, as the Allow header lists them (RFC 9110, 10.2.1)."""
        found = [route for route in self._routes if route.path_regex.match(path)]
        exact = [route for route in found if route.path == path]
        return ", ".join(sorted({method for route in exact or found for method in route.methods or ()}))
