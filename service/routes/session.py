"""Logging in and out, and who is logged in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.access import SESSION_COOKIE, Door, Room, SignedIn
from service.schemas import Me, SessionIn

router = APIRouter(prefix="/api/v1", tags=["session"])


@router.post("/session")
def log_in(body: SessionIn, room: Room, request: Request, response: Response) -> Me:
    """Exchange a token for a session cookie, as the pages do. Programs send the token itself instead."""
    door: Door = request.app.state.door
    account = door.by_token(request, body.token)
    hours = room.settings.session_hours
    response.set_cookie(
        SESSION_COOKIE,
        room.accounts.start_session(account, hours),
        max_age=int(hours * 3600),
        httponly=True,
        samesite="strict",
        secure=room.settings.behind_https,
    )
    return Me(role=account.role, name=account.name)


@router.delete("/session", status_code=204)
def log_out(account: SignedIn, room: Room, request: Request, response: Response) -> None:
    """End the session."""
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        room.accounts.end_session(session)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict", secure=room.settings.behind_https)


@router.get("/me")
def me(account: SignedIn) -> Me:
    """Who I am."""
    return Me(role=account.role, name=account.name)
