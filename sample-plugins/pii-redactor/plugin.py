from detectors import Redactor
from outrigger import block, hook, modify, proceed, serve

# What may be changed at each hook point, and so is looked at.
INPUTS = {
    "mellea.component_pre_create": ["description", "requirements", "icl_examples", "grounding_context", "user_variables", "prefix"],
    "mellea.component_pre_execute": ["action", "context", "context_view", "requirements"],
    "mellea.tool_pre_invoke": ["model_tool_call", "tool_args"],
}
OUTPUTS = {
    "mellea.generation_post_call": ["processed_output", "model_output"],
    "mellea.tool_post_invoke": ["tool_output"],
}


@hook(*INPUTS)
def inputs(payload, ctx):
    changes, found = masked_fields(payload, INPUTS[ctx.hook], Redactor(ctx.config))
    if found and ctx.config["block_on_detection"]:
        return refuse("PII_INPUT_DETECTED", found)
    return modify(changes, metadata={"found": found}) if found else None


@hook(*OUTPUTS)
def outputs(payload, ctx):
    changes, found = masked_fields(payload, OUTPUTS[ctx.hook], Redactor(ctx.config))
    if not found:
        return None
    if ctx.config["output"] == "warn":
        ctx.log.warn("output holds personal data", found=found)
        return proceed(metadata={"found": found})
    if ctx.config["block_on_detection"]:
        return refuse("PII_OUTPUT_DETECTED", found)
    return modify(changes, metadata={"found": found})


def refuse(code, found):
    return block(code, f"There is personal data in it: {', '.join(found)}", details={"found": found})


def masked_fields(payload, fields, redactor):
    """The merge patch that masks these fields, and what was found, by detector."""
    found = {}
    before = {name: payload[name] for name in fields if name in payload}
    return patch(before, masked(before, redactor, found)), found


def masked(value, redactor, found):
    if isinstance(value, str):
        return redactor.mask_text(value, found)
    if isinstance(value, dict):
        return {key: masked(item, redactor, found) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, redactor, found) for item in value]
    if isinstance(value, int) and 10**15 <= value < 10**16:
        # A card number may come as a number.
        text = redactor.mask_text(str(value), found)
        return value if text == str(value) else text
    return value


def patch(before, after):
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    return {key: patch(before[key], after[key]) for key in after if after[key] != before[key]}


if __name__ == "__main__":
    serve()
