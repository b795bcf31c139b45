"""Between AnsibleModule and the core; the only file that knows AnsibleModule."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .core import api, keep

_TOOL = "Ansible"


class Module(AnsibleModule):  # type: ignore[misc]  # ansible-core has no types
    """An AnsibleModule that shows no option's value unless it may be shown.

    ``no_log`` on a single option would scrub its values from all output, ports and numbers too.
    """

    # As an argument of the constructor it is overwritten with the task's own before it is used.
    no_log = property(lambda self: True, lambda self, value: None)

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.accepted = False
        super().__init__(api.argument_spec(kind), supports_check_mode=True)
        self.accepted = True

    def exit_json(self, **result: Any) -> None:
        """Return a result, the options masked."""
        super().exit_json(**result, invocation=self._invocation())

    def fail_json(self, msg: str, **result: Any) -> None:
        """Fail, the options masked. What Ansible refuses is told in the core's words."""
        if not self.accepted and self.kind in api.KINDS:
            msg = self._refusal() or msg
        super().fail_json(msg, **result, invocation=self._invocation())

    def _refusal(self) -> str:
        try:
            found = api.problems_of(api.document_of(self.kind, self._given()))
        except api.DockwrightError as error:
            found = error.problems()
        return "\n".join(problem.text() for problem in found)

    def _invocation(self) -> dict[str, Any]:
        """The options as they may be shown, when Ansible shows them: from -vvv on.

        With hundreds of containers they would be a good part of what a no-op costs.
        """
        shown = api.masked_params(self.kind, self._given()) if self._verbosity >= 3 else {}
        return {"module_args": shown}

    def _given(self) -> dict[str, Any]:
        return {
            key: value
            for key, value in self.params.items()
            if value is not None and not key.startswith("_ansible_")
        }


def run(kind: str) -> None:
    """Be the module of a kind: make the host as the task says, or fail saying why not."""
    _answer(kind, _converge)


def run_action(kind: str) -> None:
    """Be the module of an action: do it, or tell whether it would be done."""
    _answer(kind, _act)


def run_facts() -> None:
    """Be the module that only looks."""
    _answer("host_info", _facts)


def _answer(kind: str, work: Callable[[Module], dict[str, Any]]) -> None:
    api.speak_to(_TOOL)
    module = Module(kind)
    try:
        result = work(module)
    except Exception as error:  # noqa: BLE001 - the top edge: a traceback helps nobody and may leak
        result = api.to_dict(api.failure(error, check=module.check_mode))
    for text in result.pop("warnings"):
        module.warn(text)
    result.pop("check", None)
    if not module._diff:
        result.pop("diff", None)
    message = result.pop("message")
    if result.pop("failed"):
        module.fail_json(message, **result)
    module.exit_json(msg=message, **result)


def _converge(module: Module) -> dict[str, Any]:
    connection = api.Connection.of(module.params)
    document = api.document_of(module.kind, module.params)
    report = api.converge(
        document,
        connection=connection,
        check=module.check_mode,
        origin=api.Origin(_TOOL, module.kind),
    )
    if not (module.check_mode or report.failed):
        keep()
    return api.to_dict(report)


def _act(module: Module) -> dict[str, Any]:
    connection = api.Connection.of(module.params)
    answer = api.act(module.kind, module.params, connection, check=module.check_mode)
    # Ansible takes an rc that is not 0 for a failure, also that of a command that was not run.
    return {key: value for key, value in answer.items() if value is not None}


def _facts(module: Module) -> dict[str, Any]:
    return api.facts(api.Connection.of(module.params))
