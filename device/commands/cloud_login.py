"""`cloud-login`, `cloud-logout`: an account's token for ST's Developer Cloud."""

from __future__ import annotations

import argparse
from typing import Any

from device.commands.cloud_options import web


def register(commands: Any) -> None:
    """Add the parsers of `cloud-login` and `cloud-logout`."""
    login = commands.add_parser("cloud-login", help="log in to ST's Developer Cloud, keep a token")
    login.set_defaults(run=_log_in)
    logout = commands.add_parser("cloud-logout", help="remove the kept token")
    logout.set_defaults(run=_log_out)


def _log_in(arguments: argparse.Namespace) -> None:
    session = web()
    from device.cloud.endpoints import endpoints
    from device.cloud.login import credentials, log_in
    from device.cloud.token import token_path

    log_in(session, endpoints(), credentials())
    print(f"logged in; the token is in {token_path()}")


def _log_out(arguments: argparse.Namespace) -> None:
    from device.cloud.token import forget, token_path

    print(f"{token_path()}: {'removed' if forget() else 'there was none'}")
