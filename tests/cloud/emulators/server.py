"""The AWS that the tests talk to, as a process: ``python -m cloud.emulators.server FOLDER``.

moto's server with its Amazon States Language engine on, SageMaker jobs that really run
(`cloud.emulators.sagemaker`) and the mail function that is really called. It binds a free port,
writes it as a line to standard output, and ends when its standard input closes.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
LETTERS = "letters.jsonl"


def main(folder: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    # moto's states engine calls other services by its own port, and reads it when imported.
    os.environ["MOTO_PORT"] = str(port)
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    from cloud.emulators import clock, sagemaker

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        # Or a body waits 40 ms for the other side to acknowledge the headers before it.
        disable_nagle_algorithm = True

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}  # type: ignore[typeddict-unknown-key]
    clock.install()
    jobs = sagemaker.install(folder)
    _call_functions_here()
    _write_objects_in_turn()
    _keep_letters(folder / LETTERS)
    server = make_server(
        "127.0.0.1",
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=Handler,
        fd=listener.fileno(),
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(port, flush=True)
    sys.stdin.read()
    jobs.end_all()
    os._exit(0)


def _call_functions_here() -> None:
    """Have Lambda call ``module:function`` as the function's description names it."""
    import importlib

    from moto.awslambda.models import LambdaBackend

    def invoke(
        self: Any,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> bytes:
        found = self.get_function(function_name, qualifier)
        module, _, name = found.description.partition(":")
        try:
            function = getattr(importlib.import_module(module), name)
            return json.dumps(function(json.loads(body or "{}"), None)).encode()
        except Exception as error:
            logging.exception("the function %s failed", function_name)
            response_headers["x-amz-function-error"] = "Unhandled"
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return json.dumps(answer).encode()

    LambdaBackend.invoke = invoke  # type: ignore[method-assign,assignment]


def _write_objects_in_turn() -> None:
    """Have one of two writes with ``If-None-Match`` fail, as S3 does: moto looks, then writes."""
    from moto.s3.responses import S3Response

    put_object = S3Response.put_object
    lock = threading.Lock()

    def put_in_turn(self: Any) -> Any:
        with lock:
            return put_object(self)

    S3Response.put_object = put_in_turn  # type: ignore[method-assign]


def _keep_letters(file: Path) -> None:
    """Write down every mail that is handed to SES, a line of JSON each."""
    from moto.ses.models import SESBackend

    send = SESBackend.send_email
    lock = threading.Lock()

    def send_and_keep(self: Any, source: str, subject: str, body: str, destinations: Any) -> Any:
        sent = send(self, source, subject, body, destinations)
        line = json.dumps({"from": source, "to": destinations, "subject": subject, "text": body})
        with lock, file.open("a", encoding="utf-8") as kept:
            kept.write(line + "\n")
        return sent

    SESBackend.send_email = send_and_keep  # type: ignore[method-assign]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
