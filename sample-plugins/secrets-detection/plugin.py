import re
from fnmatch import fnmatchcase

from outrigger import block, hook, modify, proceed, serve

# The first seven are looked for unless the operator says otherwise; the others find much that is no secret.
PATTERNS = {
    "aws_access_key_id": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "aws_secret_access_key": r"(?i)\baws_?secret_?(?:access_?)?key\b[\"']?\s{0,3}[:=]\s{0,3}[\"']?[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=])",
    "google_api_key": r"\bAIza[\w-]{35}(?![\w-])",
    "github_token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255})\b",
    "stripe_secret_key": r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,128}\b",
    "private_key_block": r"(?s)-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
    "slack_token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,200}",
    "generic_api_key_assignment": r"(?i)\b(?:api_?key|apikey|secret|token|password)\b[\"']?\s{0,3}[:=]\s{0,3}[\"']?[\w./+=-]{16,128}",
    "jwt_like": r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}",
    "hex_secret_32": r"\b[0-9a-fA-F]{32}\b",
    "base64_24": r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=])",
}
COMPILED = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
# What may be changed at each hook point, and so is looked at, as dotted paths.
FIELDS = {
    "coma.pre_config_hook": ["known_args", "unknown_args"],
    "coma.post_config_hook": ["configs"],
    "mellea.component_pre_execute": ["action", "context", "context_view", "requirements"],
    "mellea.generation_post_call": ["processed_output", "model_output"],
    "mellea.tool_pre_invoke": ["model_tool_call", "tool_args"],
    "mellea.tool_post_invoke": ["tool_output"],
    "pycomex.before_experiment_initialize": ["experiment.parameters", "experiment.metadata"],
}


@hook(*FIELDS)
def search(payload, ctx):
    config, found = ctx.config, {}
    before = picked(payload, FIELDS[ctx.hook])
    after = cleaned(before, "", config, found)
    count = sum(found.values())
    if count == 0:
        return None
    if config["block"] and count >= config["min_findings"]:
        reason = f"{count} secret{'s' if count > 1 else ''} in it: {', '.join(found)}"
        return block("SECRETS_DETECTED", reason, details={"found": found})
    metadata = {"found": found}
    return modify(patch(before, after), metadata=metadata) if config["redact"] else proceed(metadata=metadata)


def picked(payload, paths):
    """Those fields of the payload that are there, each at its place."""
    out = {}
    for path in paths:
        *outer, last = path.split(".")
        source, target = payload, out
        for name in outer:
            source, target = source[name], target.setdefault(name, {})
        if last in source:
            target[last] = source[last]
    return out


def cleaned(value, path, config, found):
    """The value with a marker for every secret; `found` counts them by detector."""
    if isinstance(value, dict):
        return {key: cleaned(item, f"{path}.{key}" if path else key, config, found) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item, path, config, found) for item in value]
    if not isinstance(value, str) or not is_searched(path, config):
        return value
    for name in config["detectors"]:
        value, count = COMPILED[name].subn(lambda _: config["marker"], value)
        if count:
            found[name] = found.get(name, 0) + count
    return value


def is_searched(path, config):
    def listed(globs):
        return any(fnmatchcase(path, glob) for glob in globs)

    return listed(config["fields"]) and not listed(config["skip_fields"])


def patch(before, after):
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    return {key: patch(before[key], after[key]) for key in after if after[key] != before[key]}


if __name__ == "__main__":
    serve()
