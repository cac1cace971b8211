"""What stands behind the door, for people (/docs) and for machines (/openapi.json)."""

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from gateway.forward.models import Document, page
from infra.app import router
from infra.identity import public
from infra.openapi import written

KEPT = {"Cache-Control": "public, max-age=300"}


def reference(document: Document) -> APIRouter:
    """The routes of one merged document; both answers are made once."""
    routes = router(prefix="")
    html = page(document)
    text = written(document)

    @routes.get("/docs", include_in_schema=False)
    @public
    async def docs() -> HTMLResponse:
        """The reference as a page."""
        return HTMLResponse(html, headers=KEPT)

    @routes.get("/openapi.json", include_in_schema=False)
    @public
    async def openapi() -> Response:
        """The merged document."""
        return Response(text, media_type="application/json", headers=KEPT)

    return routes
