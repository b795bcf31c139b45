"""Secret values are covered in every text of a report, and ordinary words are not."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright import api, masking
from dockwright.errors import Problem
from dockwright.model import Action, Change, Notice, Plan, Report
from dockwright.spec import parse_document

SECRET = "s3cret-of-ours"


def document(environment: Any, **more: Any) -> dict[str, Any]:
    return {"containers": {"web": {"image": "a", "environment": environment, **more}}}


def full_report(text: str) -> Report:
    """A report that holds a text in each of its parts."""
    change = Change("container", "web", Action.UPDATE, f"labels.{text}", [text], text, f"({text})")
    whole = Change("container", "web", Action.CREATE, "", None, {"command": [f"--with={text}"]})
    notice = Notice("container", "web", f"labels.{text}", f"a {text}", text, {text: text})
    notices = (notice,)
    plan = Plan((change, whole), notices, notices, notices, notices, (f"plan: {text}",))
    return Report(
        plan=plan,
        done=[change],
        not_done=[whole],
        problems=[Problem(f"at.{text}", f"it is {text}", f"not {text}")],
        warnings=[f"beware of {text}"],
        state={"containers": {"web": {"image": f"a:{text}"}}},
    )


def shown(raw: Any, text: str) -> str:
    """All that the report of a document says that holds a text everywhere."""
    report = full_report(text)
    try:
        parsed = parse_document(raw, lambda path: "FROM_FILE=value-of-a-file")
    except api.DockwrightError:
        parsed = None
    masking.mask(report, raw, parsed)
    return f"{report!r} {api.to_dict(report)} {api.lines(report)}"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (document({"A": SECRET}), SECRET),
        (document([f"A={SECRET}"]), SECRET),
        (document({}, env_file="/a.env"), "value-of-a-file"),
        (document({"A": SECRET}, oops=1), SECRET),  # the document is refused
        (document({"PASSWORD": "production"}), "production"),  # the name says what it is
        (document({"DB": "postgres://app:pa55word@db/shop"}), "pa55word"),
        (document({"DB": "postgres://app:hunter@db/shop"}), "hunter"),  # its place says what it is
        (document({"DB": "postgres://app:pa%5555word@db/shop"}), "paU55word"),
        (document({"GIT": "https://t0ken-of-shop@git.example/shop"}), "t0ken-of-shop"),
        (document({"A": "two\nlines"}), "two\\nlines"),
        (document({}, logging={"options": {"splunk-token": SECRET}}), SECRET),
        ({"registries": {"r.example": {"username": "ci", "password": SECRET}}}, SECRET),
        ({"compose": {"services": {"web": {"environment": {"A": SECRET}}}}}, SECRET),
        ({"compose": {"services": {}}, "compose_environment": {"TOKEN": SECRET}}, SECRET),
    ],
)
def test_a_secret_is_in_no_text(raw: Any, text: str) -> None:
    assert text not in shown(raw, text)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (document({"A": "1"}), "1"),
        (document({"A": "true"}), "true"),
        (document({"STAGE": "production"}), "production"),
        (document({"AUTH": "false"}), "false"),
        (document({"PASSWORD_FILE": "/run/secrets/db"}), "/run/secrets/db"),
        (document({"DB": "postgres://postgresql@db/shop"}), "postgresql"),
        ({**document({"A": "tcp://app:hunter@db"}), "reveal": ["A"]}, "hunter"),
        (document({"PORT": "15432"}), "15432"),
        (document({"LISTEN": "127.0.0.1"}), "127.0.0.1"),
        (document({"PGDATA": "/var/lib/postgresql/data"}), "/var/lib/postgresql/data"),
        ({**document({"HOST": "db-of-shop"}), "networks": {"db-of-shop": {}}}, "db-of-shop"),
        ({**document({"A": SECRET}), "reveal": ["A"]}, SECRET),
        ({"registries": {"r.example": {"username": "ci-of-shop", "password": "p"}}}, "ci-of-shop"),
        ({"compose": {"services": {}}, "compose_environment": {"TAG": "1.4-slim"}}, "1.4-slim"),
    ],
)
def test_what_texts_hold_by_chance_stays(raw: Any, text: str) -> None:
    assert text in shown(raw, text).replace(f"it is {text}", "").replace(f"not {text}", "")


def test_a_value_that_was_removed_is_covered_too() -> None:
    report = full_report("value-before")
    removed = Change(
        "container", "web", Action.REPLACE, "environment.A", "value-before", secret=True
    )
    report.plan = Plan((*report.plan.changes, removed))
    masking.mask(report, document({}), parse_document(document({}), str))
    assert "value-before" not in repr(report)


@pytest.mark.parametrize("environment", [[SECRET], SECRET, {f"{SECRET}=": "x"}])
def test_a_value_without_its_name_is_not_quoted(environment: Any) -> None:
    (problem,) = api.problems_of(document(environment))
    assert SECRET not in str(problem)
    assert problem.where.startswith("containers.web.environment")


def test_a_problem_names_the_variable_of_a_compose_file() -> None:
    compose = {"services": {"web": {"image": "a", "mem_limit": "${SIZE_OF_IT}"}}}
    raw = {"project": "shop", "compose": compose, "compose_environment": {"SIZE_OF_IT": "64mega"}}
    (problem,) = api.problems_of(raw)
    assert problem.message == "is not a size: '${SIZE_OF_IT}'"


@pytest.mark.parametrize("password", ["x9", "a long one", "s3cret-of-ours"])
def test_the_password_of_a_mounted_volume_is_covered(password: str) -> None:
    options = f"username=somebody,password={password},vers=3.0"
    raw = {"volumes": {"data": {"driver_opts": {"type": "cifs", "o": options}}}}
    report = full_report("nothing")
    old = options.replace(password, f"{password}-before")
    notice = Notice("volume", "data", "driver_opts.o", f"is {old!r}, not {options!r}", old, options)
    made = Change("volume", "data", Action.CREATE, "", None, {"driver_opts": {"o": options}})
    report.plan = Plan((made,), blocked=(notice,))
    report.problems = [Problem("volumes.data.driver_opts.o", notice.message)]
    report.state = {"volumes": {"data": {"driver_opts": {"o": old}}}}
    masking.mask(report, raw, parse_document(raw, str))
    text = f"{report.plan} {report.problems} {report.state}"
    assert f"={password}" not in text and f"{password}-before" not in text
    assert "username=somebody" in text
