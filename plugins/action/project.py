# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of modules project and host on the controller: Compose files given by their paths."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

if TYPE_CHECKING:
    from ..module_utils.dockwright.api import Here


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """Reads the files, then runs the module with their content."""

    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Run the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        if given.get("compose") is None:
            result.update(self._module(given, task_vars))
            return result
        from ..module_utils.dockwright.api import DockwrightError, read_compose  # takes 0.1 s

        warnings: list[str] = []
        try:
            args = read_compose(given, self._here(), warnings.append)
        except DockwrightError as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        except AnsibleError as error:  # a path that is nowhere, a vault that stays closed
            return {**result, "failed": True, "changed": False, "msg": error.message}
        result.update(self._module(args, task_vars))
        result["warnings"] = [*warnings, *result.get("warnings", ())]
        shown = result.get("invocation", {}).get("module_args", {})
        if "compose" in shown and not isinstance(given["compose"], dict):
            shown["compose"] = given["compose"]  # what the user wrote, not what the files hold
        return result

    def _module(self, args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        wait = self._task.async_val
        return self._execute_module(module_args=args, task_vars=task_vars, wrap_async=wait)

    def _here(self) -> Here:
        from ..module_utils.dockwright.api import Here

        return Here(
            locate=lambda path: os.path.abspath(self._find_needle("files", path)),
            read=self._read,
            environment=os.environ,
            is_managed_host=self._connection.transport == "local",
        )

    def _read(self, path: str) -> str | None:
        """A file of the controller, opened with the vault where it is encrypted."""
        if not os.path.exists(path):
            return None
        real = path
        try:
            real = self._loader.get_real_file(path, decrypt=True)
            with open(real, encoding="utf-8") as file:
                return file.read()
        except (OSError, UnicodeDecodeError) as error:
            from ..module_utils.dockwright.api import DockwrightError

            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            message = f"cannot be read on the controller: {reason}"
            raise DockwrightError(message, where=path) from None
        finally:
            if real != path:  # what the vault was opened into
                self._loader.cleanup_tmp_file(real)
