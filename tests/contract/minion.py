"""A caller of Salt's that runs without a master, in Salt's own environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml

SCRIPT = Path(__file__).with_name("salt_runs.py")


class Ran(NamedTuple):
    """What came of a run of states, by their IDs, and what the engine was asked."""

    states: dict[str, dict[str, Any]]
    requests: list[str]

    def changes(self) -> dict[str, Any]:
        return {name: state["changes"] for name, state in self.states.items() if state["changes"]}

    def results(self) -> set[Any]:
        return {state["result"] for state in self.states.values()}


class Minion:
    """A caller that runs in Salt's environment."""

    def __init__(self, python: Path, folder: Path, docker_host: str) -> None:
        memory = str(folder / "memory")
        self.process = subprocess.Popen(
            [python, SCRIPT, folder],
            env={**os.environ, "DOCKER_HOST": docker_host, "DOCKWRIGHT_STATE_DIR": memory},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("w"),
            text=True,
        )
        self.folder = folder
        self.told = ""  # all that came back

    def call(self, *call: Any, **request: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        print(json.dumps({"call": call, **request}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, (self.folder / "stderr").read_text()[-3000:]
        self.told += line
        return dict(json.loads(line))

    def run(self, states: dict[str, Any], *, test: bool = False, **more: Any) -> Ran:
        sls = "#!jinja|yaml\n" + yaml.safe_dump(states, sort_keys=False)
        files = {"states/run.sls": sls}
        options = {"test": test, **more}
        found = self.call("state.apply", "run", files=files, **{"with": options})
        assert isinstance(found["answer"], dict), found["answer"]
        by_id = {state["__id__"]: state for state in found["answer"].values()}
        return Ran(by_id, found["requests"])

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(60)
