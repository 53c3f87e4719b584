"""For those who run the server: health, metrics, documentation."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.access import Room
from service.documentation import documentation_page
from service.errors import ServiceError
from service.schemas import Health

router = APIRouter(tags=["operations"])


@router.get("/health")
def health(room: Room, response: Response) -> Health:
    """200 when the server can grade and store; 503 when it lives but cannot."""
    try:
        room.database.check()
    except ServiceError as error:
        response.status_code = error.status
        return Health(live=True, ready=False, detail=error.message)
    return Health(live=True, ready=True)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(room: Room) -> Response:
    """Prometheus' text format. No names, tokens or texts."""
    return Response(room.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/docs", response_class=Response, include_in_schema=False)
def documentation(request: Request) -> Response:
    """The API as a page, made from its OpenAPI description without scripts."""
    return Response(documentation_page(request.app.openapi()), media_type="text/html; charset=utf-8")
