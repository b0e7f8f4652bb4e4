"""`python -m tests.tools.operate.program DIRECTORY FAILS`: `make up` of a small program on the real CLI and engine.

The CLI of the lab has no language host, so it is told of one in this process (`--client`, as the Automation API does).
"""

import os
import sys
import time
from concurrent import futures
from pathlib import Path

import grpc
import pulumi
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from stack_file.load import load_stack_file
from tests.support.program import STACK_FILE
from tools.operate import FLAGS
from tools.operating.carrying import carried_out
from tools.operating.operation import Operation
from tools.state import Engine

STACK = "test-cluster"


class Phase(pulumi.ComponentResource):
    """Groups resources as the real program's phases do."""

    def __init__(self, name: str) -> None:
        super().__init__("home-cluster:phase:Phase", name, None, None)


def declare(fails: bool, directory: Path) -> None:
    """Two phases, of which the second needs the first. A hook there fails, or waits until the directory has a file."""

    def hook(_: pulumi.ResourceHookArgs) -> None:
        (directory / "reached").touch()
        if fails:
            raise RuntimeError("the machine does not answer")
        while not (directory / "released").exists():
            time.sleep(0.05)

    before, later = Phase("phase1-infrastructure"), Phase("phase2-identity")
    done = pulumi.Stash("done", input=1, opts=pulumi.ResourceOptions(parent=before))
    hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("hook", hook)])
    held = pulumi.Stash("held", input=2, opts=pulumi.ResourceOptions(parent=before, depends_on=[done], hooks=hooks))
    pulumi.Stash("later", input=3, opts=pulumi.ResourceOptions(parent=later, depends_on=[held]))
    pulumi.export("urls", {"gitea": "https://git.example.com"})


def main(directory: Path, fails: bool) -> int:
    """Exit code of the operation."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    host = LanguageServer(lambda: declare(fails, directory))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    engine = Engine(directory / ".tools" / "pulumi", STACK, directory)
    operation = Operation(
        name="up",
        engine=engine,
        given=FLAGS["up"],
        extra=("--yes", f"--client=127.0.0.1:{port}"),
        environment=os.environ,
        settings=load_stack_file(STACK_FILE),
        text="",
        before=engine.state(),
        agree=None,
    )
    return carried_out(operation)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2] == "fails"))
