"""A command and its slots as data, and changed data back into them. The same for coma 2 and 3."""

from __future__ import annotations

import inspect
from argparse import SUPPRESS
from typing import Any

from omegaconf import OmegaConf

from .._events import NotApplicable
from .._plain import NotData, fields, merge, plain, same

Json = dict[str, Any]
LOADED = ("post_config_hook", "pre_init_hook", "init_hook", "post_init_hook", "pre_run_hook", "run_hook", "post_run_hook")
MADE = ("post_init_hook", "pre_run_hook", "run_hook", "post_run_hook")
_TYPES = {"string": str, "integer": int, "number": float}


class Call:
    """What coma hands to a slot. Its subclasses say where coma 2 and 3 keep configs and command."""

    name: str
    origin: Any
    """What was registered: a class, or a function in a wrapper."""
    command: Any
    known_args: Any = None
    unknown_args: list[str]
    result: Any = None
    parser: Any = None

    def configs(self) -> Json:
        """The configs by id: what declares them, or the instances."""
        raise NotImplementedError

    def set_config(self, id: str, config: Any) -> None:
        raise NotImplementedError

    def path(self, id: str) -> str | None:
        """File that a config is kept in, where that is known."""
        raise NotImplementedError

    def declared(self) -> Json:
        """What declares the configs, by id."""
        return self.configs()

    def set_configs(self, values: Json) -> None:
        """Configs in place of loading them. Raises NotApplicable."""
        declared = self.declared()
        if list(values) != list(declared):
            raise NotApplicable(f"configs have to be {_list(declared)}, in this order, not {_list(values)}")
        for id, value in values.items():
            self.set_config(id, converted(id, OmegaConf.create(declared[id]), value))


def read(slot: str, call: Call) -> Json:
    payload: Json = {"name": call.name, "command": _command(slot, call)}
    if slot in LOADED:
        payload["configs"] = {id: value for id, config in call.configs().items() if (value := loaded(config)) is not None}
    else:
        payload["configs"] = {id: _config_type(call, id, config) for id, config in call.declared().items()}
    if slot == "parser_hook":
        return payload | {"flags": _flags(call.parser)}
    payload |= {"known_args": fields(vars(call.known_args)), "unknown_args": [str(word) for word in call.unknown_args]}
    if slot == "post_run_hook":
        payload["result"] = _result(call.result)
    return payload


def _result(value: Any) -> Any:
    try:
        return plain(value)
    except NotData:
        return None


def _command(slot: str, call: Call) -> Json:
    found: Json = {"kind": "class" if isinstance(call.origin, type) else "function", "target": call.origin.__name__}
    doc = inspect.getdoc(call.origin)
    if doc:
        found["doc"] = doc.split("\n\n")[0]
    if slot in MADE:
        found["fields"] = fields(getattr(call.command, "__dict__", {}))
    return found


def _config_type(call: Call, id: str, config: Any) -> Json:
    kind = config if isinstance(config, type) else type(config)
    found: Json = {"type": kind.__name__}
    try:
        found["defaults"] = loaded(OmegaConf.create(config)) or {}
    except Exception:  # A config that only coma's own hooks of this program can make.
        pass
    path = call.path(id)
    return found if path is None else found | {"path": path}


def loaded(config: Any) -> Json | None:
    """None for a config that is no mapping."""
    if OmegaConf.is_config(config):
        config = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    try:
        value = plain(config)
    except NotData:
        return None
    return value if isinstance(value, dict) else None


def converted(id: str, live: Any, value: Json) -> Any:
    """A config of the type of `live`, with these values. Raises NotApplicable."""
    base = live if OmegaConf.is_config(live) else OmegaConf.create(live)
    try:
        new = OmegaConf.merge(base, value)
        for key in [key for key in new if key not in value and OmegaConf.get_type(base) is dict]:
            del new[key]
        if not same(loaded(new), value):
            raise NotApplicable(f'"{id}" does not take {value}')
        return new if OmegaConf.is_config(live) else OmegaConf.to_object(new)
    except NotApplicable:
        raise
    except Exception as error:  # What omegaconf refuses: a field there is none of, or a value of another type.
        raise NotApplicable(f'config "{id}": {str(error).splitlines()[0]}') from error


def write(call: Call, sent: Json, final: Json) -> None:
    """Raises NotApplicable."""
    if not same(sent.get("flags"), final.get("flags")):
        _write_flags(call.parser, sent["flags"], final["flags"])
    if not same(sent["configs"], final["configs"]):
        _write_configs(call, sent["configs"], final["configs"])
    if not same(sent["command"], final["command"]):
        merge(_fields_of(call), sent["command"].get("fields", {}), final["command"].get("fields", {}))
    if not same(sent.get("known_args"), final.get("known_args")):
        merge(vars(call.known_args), sent["known_args"], final["known_args"])
    if sent.get("unknown_args") != final.get("unknown_args"):
        call.unknown_args[:] = final["unknown_args"]
    if not same(sent.get("result"), final.get("result")):
        call.result = final.get("result")


def _write_configs(call: Call, sent: Json, final: Json) -> None:
    if sent.keys() != final.keys():
        raise NotApplicable(f"configs have to be {_list(sent)}, not {_list(final)}")
    live = call.configs()
    changed = [id for id in sent if not same(sent[id], final[id])]
    for id, new in {id: converted(id, live[id], final[id]) for id in changed}.items():
        call.set_config(id, new)


def _fields_of(call: Call) -> Json:
    found: Json | None = getattr(call.command, "__dict__", None)
    if found is None or not isinstance(call.origin, type):
        raise NotApplicable(f'"{call.name}" is a function, which has no fields')
    return found


def instance(call: Call, values: Json) -> Any:
    """An instance of the command's class, made without its constructor. Raises NotApplicable."""
    if not isinstance(call.origin, type):
        raise NotApplicable(f'"{call.name}" is a function, of which there are no instances')
    made: Any = object.__new__(call.origin)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def _flags(parser: Any) -> Json:
    return {action.dest: _flag(action) for action in parser._actions if action.dest not in ("help", SUPPRESS)}


def _flag(action: Any) -> Json:
    types: dict[Any, str] = {int: "integer", float: "number"}
    kind = "boolean" if action.nargs == 0 else types.get(action.type, "string")
    found: Json = {"flags": list(action.option_strings) or [action.dest], "type": kind, "required": bool(action.required)}
    optional = {
        "help": action.help,
        "metavar": action.metavar,
        "default": action.default,
        "choices": action.choices and list(action.choices),
    }
    return found | {name: value for name, value in fields(optional).items() if value is not None}


def _write_flags(parser: Any, sent: Json, final: Json) -> None:
    if sent.keys() - final.keys():
        raise NotApplicable(f"flags cannot be taken away: {_list(sent.keys() - final.keys())}")
    known = {action.dest: action for action in parser._actions}
    for name, flag in final.items():
        if name not in sent:
            _add_flag(parser, name, flag)
        elif not same(sent[name], flag):
            _change_flag(known[name], sent[name], flag)


def _add_flag(parser: Any, name: str, flag: Json) -> None:
    how: Json = {key: flag[key] for key in ("help", "metavar", "default", "choices") if key in flag}
    kind = flag.get("type", "string")
    if kind == "boolean":
        how = {key: value for key, value in how.items() if key in ("help", "default")} | {"action": "store_true"}
    else:
        how["type"] = _TYPES[kind]
    if not flag["flags"][0].startswith("-"):
        parser.add_argument(name, **how)
    else:
        parser.add_argument(*flag["flags"], dest=name, required=flag.get("required", False), **how)


def _change_flag(action: Any, sent: Json, flag: Json) -> None:
    for key in {**sent, **flag}:
        if same(sent.get(key), flag.get(key)):
            continue
        if key not in ("help", "metavar", "default", "choices", "required"):
            raise NotApplicable(f'"{key}" of the flag "{action.dest}" cannot be changed')
        setattr(action, key, flag.get(key, False if key == "required" else None))


def _list(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none"
