"""The application: routes, guards around them, and the pages."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from relevance.gate import Gate
from service.access import Door
from service.classroom import Classroom
from service.guarding import Guarding, add_error_handlers
from service.routes import graded, operations, questions, results, session, submissions
from service.schemas import Error
from service.settings import Settings

PAGES = Path(__file__).parent / "pages"
PAGE_PATHS = {"/": "index.html", "/teacher": "teacher.html", "/student": "student.html"}
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "No token, or an unknown one."},
    403: {"model": Error, "description": "The role may not do this."},
    404: {"model": Error, "description": "There is none, or it is somebody else's."},
    409: {"model": Error, "description": "Does not fit the present state."},
    413: {"model": Error, "description": "Longer than the limit."},
    422: {"model": Error, "description": "A value cannot be used."},
    429: {"model": Error, "description": "Too soon or too often; see Retry-After."},
    503: {"model": Error, "description": "Database or encoder failed; nothing was stored, try again."},
}


def create_app(settings: Settings | None = None, gate: Gate | None = None) -> FastAPI:
    """The service as an ASGI application; it opens its database and gate now and closes them when it stops.

    Args:
        settings: by default an SQLite file in the working directory and the bundled gate.
        gate: in place of the one that the settings name.

    Raises:
        StorageError: the database cannot be opened.
        ArtifactError: the gate cannot be used.
    """
    settings = settings or Settings()
    classroom = Classroom(settings, gate)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # What is there now stays: looking through all of it for garbage would hold up an answer now and then.
        gc.collect()
        gc.freeze()
        yield
        gc.unfreeze()
        classroom.close()

    app = FastAPI(
        title="answergate",
        description="Grades short answers live from a few examples; nonsense never scores above 0.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.classroom = classroom
    app.state.door = Door(classroom, settings)
    add_error_handlers(app)
    app.add_middleware(
        Guarding,
        limits=settings.limits,
        metrics=classroom.metrics,
        https=settings.behind_https,
    )
    for module in (session, questions, graded, submissions, results):
        app.include_router(module.router, responses=ERRORS)
    app.include_router(operations.router)
    _add_pages(app)
    return app


def _add_pages(app: FastAPI) -> None:
    def page(file: str) -> Any:
        def serve() -> FileResponse:
            return FileResponse(PAGES / file, headers={"Cache-Control": "no-cache"})

        return serve

    for path, file in PAGE_PATHS.items():
        app.get(path, include_in_schema=False, name=file)(page(file))
    app.mount("/static", _PageFiles(directory=PAGES / "static", check_dir=False), name="static")


class _PageFiles(StaticFiles):
    """Files of the pages. Browsers keep them, and ask each time whether they are still the same: 304 if so."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response
