"""An Outrigger plugin on pygls, a library for language servers: its JSON-RPC server, unchanged, over Content-Length."""

from typing import Union

import cattrs
from pygls.protocol import JsonRPCProtocol
from pygls.server import JsonRPCServer


def plain_converter():
    """Leaves parameters as they came; the converter that pygls brings makes tuples with attributes of them."""
    converter = cattrs.Converter()
    converter.register_structure_hook(Union[str, int], lambda value, _type: value)
    return converter


server = JsonRPCServer(JsonRPCProtocol, plain_converter)


@server.feature("hook/invoke")
async def invoke(params):
    """The answer to one event. {} means: go on."""
    if params["hook"] == "conda.pre_command":
        return {"action": "modify", "changes": {"env": {"HELLO_PYGLS": "from pygls"}}}
    return {}


@server.feature("initialize")
@server.feature("ping")
@server.feature("shutdown")
def go_on(_params):
    return {}


@server.feature("exit")
def end(_params):
    server.shutdown()


server.start_io()
