"""The plugin that conda loads: its hook specifications, fired at a host. Loads nothing else before one of them is called."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conda.plugins import hookimpl, types

from . import _commands, _headers, _health, _packages, _settings, _solves, _transactions
from ._bridge import EVERY, bridge

NAME = "outrigger"
_hook = hookimpl(optionalhook=True)
"""Each conda knows those specifications that it has."""


@_hook
def conda_settings() -> Iterator[Any]:
    yield from _settings.own()
    yield from _settings.of_plugins(bridge)


@_hook
def conda_pre_commands() -> Iterator[Any]:
    if bridge.has("pre_command", "post_command", "on_exception"):
        yield types.CondaPreCommand(name=NAME, action=lambda command: _commands.before(bridge, command), run_for=EVERY)


@_hook
def conda_post_commands() -> Iterator[Any]:
    if bridge.has("post_command"):
        yield types.CondaPostCommand(name=NAME, action=lambda command: _commands.after(bridge, command), run_for=EVERY)


@_hook
def conda_exception_observers() -> Iterator[Any]:
    if bridge.has("on_exception"):
        yield types.CondaExceptionObserver(name=NAME, hook=lambda event: _commands.failed(bridge, event), watch_for={"BaseException"})


@_hook
def conda_subcommands() -> Iterator[Any]:
    yield from _commands.of_plugins(bridge)


@_hook
def conda_virtual_packages() -> Iterator[Any]:
    yield from _packages.virtual(bridge)


@_hook
def conda_health_checks() -> Iterator[Any]:
    yield from _health.checks(bridge)


@_hook
def conda_pre_solves() -> Iterator[Any]:
    if bridge.has("pre_solve"):
        yield types.CondaPreSolve(name=NAME, action=lambda add, remove: _solves.before(bridge, add, remove))


@_hook
def conda_post_solves() -> Iterator[Any]:
    if bridge.has("post_solve"):
        yield types.CondaPostSolve(name=NAME, action=lambda index, unlink, link: _solves.after(bridge, index, unlink, link))


@_hook
def conda_session_headers(host: str) -> Iterator[Any]:
    yield from _headers.headers(bridge, "session_headers", {"host": host})


@_hook
def conda_request_headers(host: str, path: str) -> Iterator[Any]:
    yield from _headers.headers(bridge, "request_headers", {"host": host, "path": path})


@_hook
def conda_auth_handlers() -> Iterator[Any]:
    if bridge.has("channel_auth"):
        yield types.CondaAuthHandler(name=NAME, handler=_headers.auth_handler(bridge))


@_hook
def conda_pre_transaction_actions() -> Iterator[Any]:
    if bridge.has(*_transactions.hooks("pre")):
        yield types.CondaPreTransactionAction(name=NAME, action=_transactions.action(bridge, "pre"))


@_hook
def conda_post_transaction_actions() -> Iterator[Any]:
    if bridge.has(*_transactions.hooks("post")):
        yield types.CondaPostTransactionAction(name=NAME, action=_transactions.action(bridge, "post"))


@_hook
def conda_error_hints(error: BaseException) -> Iterator[Any]:
    yield from _commands.hints(bridge, error)
