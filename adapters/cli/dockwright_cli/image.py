"""The option --root: an image that is mounted here takes the machine's place."""

from __future__ import annotations

import argparse
from typing import Any, Callable

from dockwright import api

from .arguments import Given
from .documents import InputError


def refuse_others(args: argparse.Namespace, options: Given, *, count: int, is_plan: bool) -> None:
    """Refuse what makes no sense beside --root."""
    if count > 1:
        raise InputError("an image has one spec, which its first boot goes on with", "name one")
    if is_plan or getattr(args, "out", None):
        raise InputError("plans of an image are not kept in files", "give --root with the spec")
    if options.connection:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in options.connection)
        raise InputError(f"no engine runs in an image: {names} beside --root", "keep one of them")


def converge(
    document: Any, args: argparse.Namespace, progress: Callable[[str], None] | None
) -> api.Report:
    """Converge the image; its first boot will run this very file, where we are one."""
    archive = getattr(globals().get("__loader__"), "archive", "")
    check = args.verb != "apply"
    return api.converge_image(document, args.root, program=archive, check=check, progress=progress)
