"""Test hosts: systemd containers with Docker engines of their own, on the machine's engine."""

from .host import HostCommandError, TestHost, start_host
from .recipes import RECIPES, Recipe, build
from .registry import Pushed, push, start_registry
from .reset import engine_clean, reset_daemon
from .tiny import TINY, tiny_tar

__all__ = [
    "RECIPES",
    "TINY",
    "HostCommandError",
    "Pushed",
    "Recipe",
    "TestHost",
    "build",
    "engine_clean",
    "push",
    "reset_daemon",
    "start_host",
    "start_registry",
    "tiny_tar",
]
