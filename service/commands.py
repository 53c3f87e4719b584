"""Commands of this room: `answergate serve` and `answergate tokens …`."""

from __future__ import annotations

import argparse
import time
from typing import Any, ClassVar


class ServeError(RuntimeError):
    """The server cannot be started as asked; the message says what to install or change."""

    exit_code: ClassVar[int] = 2


def add_commands(subparsers: Any) -> None:
    """Add the room's commands to the command line."""
    serve = subparsers.add_parser("serve", help="grade live: the teacher's page, the students' page, the API")
    _add_database(serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine)")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--gate", default="bundled", help="a gate's folder, or 'bundled' (default)")
    serve.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    serve.add_argument("--attempts", type=int, default=6, metavar="N", help="attempts per student and question (6)")
    serve.add_argument(
        "--delay",
        type=float,
        default=5.0,
        metavar="S",
        help="seconds to the second attempt, then twice as long each time (5)",
    )
    serve.add_argument("--queue", type=int, default=256, help="answers that may wait; more get 429 (default 256)")
    serve.add_argument("--batch", type=int, default=64, help="answers graded together at most (default 64)")
    serve.add_argument(
        "--student-rate", type=float, default=10.0, metavar="R", help="a student's requests a second (10)"
    )
    serve.add_argument("--behind-https", action="store_true", help="a proxy in front speaks HTTPS")
    serve.set_defaults(run=run_serve)

    tokens = subparsers.add_parser("tokens", help="who may use the server: make, list and revoke tokens")
    commands = tokens.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="make a token; it is shown once")
    revoke = commands.add_parser("revoke", help="make a token useless")
    for parser in (add, revoke):
        parser.add_argument("--role", choices=("teacher", "student"), required=True)
        parser.add_argument("--name", required=True, nargs="+" if parser is add else None, help="whose token")
        parser.add_argument("--teacher", help="a student's teacher")
    add.set_defaults(run=run_add_token)
    revoke.set_defaults(run=run_revoke_token)
    listed = commands.add_parser("list", help="all accounts; tokens themselves are not kept")
    listed.set_defaults(run=run_list_tokens)
    for parser in (add, revoke, listed):
        _add_database(parser)


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database", default="answergate.db", metavar="DB", help="SQLite file or database URL (default answergate.db)"
    )


def run_serve(arguments: argparse.Namespace) -> int:
    """`answergate serve`: until it is told to stop."""
    try:
        from service.app import create_app
        from service.server import http_server
    except ModuleNotFoundError as error:
        raise ServeError(f"{error.name} is not installed; run: pip install 'answergate[serve]'") from error
    from service.settings import AttemptPolicy, Limits, Settings

    settings = Settings(
        database=arguments.database,
        gate=arguments.gate,
        threads=arguments.threads,
        queue=arguments.queue,
        batch=arguments.batch,
        behind_https=arguments.behind_https,
        attempts=AttemptPolicy(arguments.attempts, arguments.delay),
        limits=Limits(student_requests_per_second=arguments.student_rate),
    )
    app = create_app(settings)
    print(
        f"answergate serves http://{arguments.host}:{arguments.port}/  (data: {arguments.database}; Ctrl-C stops)",
        flush=True,
    )
    http_server(app, arguments.host, arguments.port, arguments.behind_https).run()
    return 0


def run_add_token(arguments: argparse.Namespace) -> int:
    """`answergate tokens add`: one line for every name, the name and the token."""
    accounts = _accounts(arguments.database)
    for name in arguments.name:
        print(f"{name}\t{accounts.add(arguments.role, name, arguments.teacher)}")
    return 0


def run_revoke_token(arguments: argparse.Namespace) -> int:
    """`answergate tokens revoke`."""
    _accounts(arguments.database).revoke(arguments.role, arguments.name, arguments.teacher)
    print(f"the token of {arguments.role} '{arguments.name}' is useless now; what was sent with it is kept")
    return 0


def run_list_tokens(arguments: argparse.Namespace) -> int:
    """`answergate tokens list`."""
    for account in _accounts(arguments.database).listed():
        made = time.strftime("%Y-%m-%d", time.localtime(account.created))
        state = "revoked" if account.revoked else "active"
        print("\t".join([account.role, account.name, account.teacher or "-", made, state]))
    return 0


def _accounts(database: str) -> Any:
    from service.accounts import Accounts
    from service.database import Database

    return Accounts(Database(database))
