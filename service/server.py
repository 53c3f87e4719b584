"""The HTTP server around the application."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

STOPPING_SECONDS = 20


def http_server(app: FastAPI, host: str = "127.0.0.1", port: int = 0, behind_https: bool = False) -> uvicorn.Server:
    """A server that finishes what it has taken when it is told to stop. Port 0 is any free one.

    Requests are not logged: their headers hold tokens, and the metrics count them.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=behind_https,
            timeout_graceful_shutdown=STOPPING_SECONDS,
        )
    )
