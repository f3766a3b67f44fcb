from outrigger import block, hook, serve

CHARACTERS_PER_TOKEN = 4


@hook("mellea.generation_pre_call")
def within_budget(payload, ctx):
    budget = ctx.config["budget"]
    estimated = estimate(payload)
    if estimated > budget:
        reason = f"The prompt has about {estimated} tokens, over the budget of {budget}"
        return block("TOKEN_BUDGET_001", reason, details={"estimated": estimated, "budget": budget})


def estimate(payload):
    """The application's own estimate where it has one, else a quarter of the characters the model will see."""
    if payload.get("estimated_tokens") is not None:
        return payload["estimated_tokens"]
    turns = payload.get("linearized_context")
    if turns is None:
        turns = payload["context"].get("turns") or []
    action = payload["action"]
    texts = [turn.get("text") for turn in turns] + [action.get("text") or action.get("description")]
    return sum(len(text) for text in texts if text) // CHARACTERS_PER_TOKEN


if __name__ == "__main__":
    serve()
