"""What implementations of the hook specifications yield. The fields are conda's."""

from dataclasses import make_dataclass


def _type(name, *fields, **optional):
    return make_dataclass(name, ["name", *fields, *((field, object, default) for field, default in optional.items())])


CondaSubcommand = _type("CondaSubcommand", "summary", "action", aliases=(), configure_parser=None)
CondaVirtualPackage = _type(
    "CondaVirtualPackage", "version", "build", override_entity=None, empty_override="absent", version_validation=None
)
CondaPreCommand = _type("CondaPreCommand", "action", "run_for")
CondaPostCommand = _type("CondaPostCommand", "action", "run_for")
CondaAuthHandler = _type("CondaAuthHandler", "handler")
CondaHealthCheck = _type("CondaHealthCheck", "action", fixer=None, summary=None, fix=None)
CondaPreSolve = _type("CondaPreSolve", "action")
CondaPostSolve = _type("CondaPostSolve", "action")
CondaSetting = _type("CondaSetting", "description", "parameter", aliases=())
CondaRequestHeader = _type("CondaRequestHeader", "value")
CondaPreTransactionAction = _type("CondaPreTransactionAction", "action")
CondaPostTransactionAction = _type("CondaPostTransactionAction", "action")
CondaExceptionObserver = _type("CondaExceptionObserver", "hook", "watch_for")
CondaErrorHint = make_dataclass("CondaErrorHint", ["text", "hint_code"])


class ChannelAuthBase:
    def __init__(self, channel_name):
        self.channel_name = channel_name
