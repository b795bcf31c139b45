"""The root of an image for unit tests: its files, and what stands for commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dockwright.host.commands import Completed
from dockwright.model import Report

DOCKER_UNIT = """[Service]
EnvironmentFile=-/etc/default/docker
ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS
"""
ENABLED = "etc/systemd/system/multi-user.target.wants"


class Commands:
    """Stands for this machine's commands: notes them, and enables units as systemctl would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ran: list[list[str]] = []
        self.version = Completed((), 127, "", "cannot run")

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.ran.append(list(argv))
        if "enable" in argv:
            for unit in argv[argv.index("enable") + 1 :]:
                (self.root / ENABLED / unit).symlink_to(f"/etc/systemd/system/{unit}")
            return Completed(tuple(argv), 0, "", "")
        return self.version


def shop(**more: Any) -> dict[str, Any]:
    return {"containers": {"web": {"image": "shop/web:1.4"}}, **more}


def words(report: Report) -> str:
    return "\n".join(problem.text() for problem in report.problems)
