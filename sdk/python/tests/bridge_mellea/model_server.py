"""An OpenAI-compatible server whose model says what a test tells it to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


class ModelServer:
    """Answers with what lies in `replies`, then with `reply`: a text, {"tool": name, "args": {…}}, or a status to fail with."""

    def __init__(self) -> None:
        self.reply: Any = "fine"
        self.replies: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next(self) -> Any:
        return self.replies.pop(0) if self.replies else self.reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(request)
                reply = server._next()
                if isinstance(reply, int):
                    self._send(reply, {"error": {"message": "told to fail", "type": "test"}})
                elif "messages" not in request:
                    texts = [{"index": at, "text": reply, "finish_reason": "stop"} for at in range(len(request["prompt"]))]
                    self._send(200, _envelope("text_completion", texts))
                elif request.get("stream"):
                    self._stream(reply)
                else:
                    choice = {"index": 0, "message": _message(reply), "finish_reason": "stop"}
                    self._send(200, _envelope("chat.completion", [choice]))

            def _send(self, status: int, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, text: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                words = [{"content": word + " "} for word in text.split()]
                for delta, end in [*((word, None) for word in words), ({}, "stop")]:
                    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": end}
                    self.wfile.write(f"data: {json.dumps(_envelope('chat.completion.chunk', [choice]))}\n\n".encode())
                self.wfile.write(b"data: [DONE]\n\n")

        return Handler


def _envelope(kind: str, choices: list[Any]) -> dict[str, Any]:
    return {"id": "r1", "object": kind, "created": 1, "model": "stub", "choices": choices, "usage": USAGE}


def _message(reply: Any) -> dict[str, Any]:
    if isinstance(reply, str):
        return {"role": "assistant", "content": reply}
    function = {"name": reply["tool"], "arguments": json.dumps(reply["args"])}
    return {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": function}]}
