from outrigger import block, hook, serve


@hook("mellea.component_pre_execute")
def before_execution(payload, ctx):
    action = payload["action"]
    return judge(ctx.config, [action.get("description") or action.get("text")])


@hook("mellea.component_pre_create")
def before_creation(payload, ctx):
    texts = [payload["description"]]
    for parts in (payload.get("grounding_context"), payload.get("user_variables")):
        texts += (parts or {}).values()
    return judge(ctx.config, texts)


def judge(config, texts):
    """Blocks on the first topic that one of the texts speaks of."""
    spoken = "\n".join(text for text in texts if text).lower()
    for code, topics in (("CONTENT_001", config["advice"]), ("CONTENT_POLICY_001", config["topics"])):
        for topic in topics:
            if topic.lower() in spoken:
                return block(code, f'The description speaks of "{topic}", which is not allowed', details={"topic": topic})
    return None


if __name__ == "__main__":
    serve()
