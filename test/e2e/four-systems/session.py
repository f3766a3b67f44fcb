"""A session of Mellea with a model that says "fine"."""

from mellea import start_session
from tests.bridge_mellea.model_server import ModelServer

from outrigger.bridges import mellea as bridge

model = ModelServer()
with bridge.connect(), start_session("openai", "stub", base_url=model.url, api_key="none") as session:
    print("session", session.id, session.instruct("hello", strategy=None))
model.close()
