"""Test hosts: systemd containers with Docker engines of their own, on the machine's engine."""

from .host import HostCommandError, TestHost, start_host
from .plugin import PRIVILEGES, offer_plugin, remove_plugins
from .recipes import RECIPES, Recipe, build
from .registry import Pushed, push, start_registry
from .reset import engine_clean, reset_daemon
from .tiny import TINY, tiny_tar

__all__ = [
    "PRIVILEGES",
    "RECIPES",
    "TINY",
    "HostCommandError",
    "Pushed",
    "Recipe",
    "TestHost",
    "build",
    "engine_clean",
    "offer_plugin",
    "push",
    "remove_plugins",
    "reset_daemon",
    "start_host",
    "start_registry",
    "tiny_tar",
]
