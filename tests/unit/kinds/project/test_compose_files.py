"""Compose files given by their paths, read from a file system in memory."""

from __future__ import annotations

from typing import Any

import pytest

from dockwright.errors import SpecError
from dockwright.kinds.project.reading import Here, read_compose
from dockwright.spec import parse_document

WEB = "services: {web: {image: a}}"


class Disk(dict[str, str]):
    """Files by their absolute path."""

    def read(
        self,
        *paths: str,
        environment: dict[str, str] | None = None,
        is_managed_host: bool = False,
        **params: Any,
    ) -> dict[str, Any]:
        self.warnings: list[str] = []
        here = Here(
            lambda path: path if path.startswith("/") else f"/shop/{path}",
            self.get,
            environment or {},
            is_managed_host,
        )
        compose: Any = list(paths) if len(paths) > 1 else paths[0] if paths else None
        return read_compose({"compose": compose, **params}, here, self.warnings.append)

    def services(self, *paths: str, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.read(*paths, **options)["compose"]["services"]
        return found

    def problem(self, *paths: str, **options: Any) -> str:
        with pytest.raises(SpecError) as caught:
            self.read(*paths, **options)
        return str(caught.value)


def test_a_mapping_and_nothing_pass_through() -> None:
    given = {"services": {"web": {"image": "${TAG}"}}}
    assert Disk().read(compose=given, name="x") == {"compose": given, "name": "x"}
    assert Disk().read(name="x") == {"compose": None, "name": "x"}


def test_variables_of_everywhere_in_their_order() -> None:
    text = 'services: {web: {image: "$A-$B-$C-$D"}}'
    disk = Disk({"/shop/compose.yml": text, "/shop/.env": "A=file\nB=file\nC=file\nD=file"})
    params = disk.read(
        "compose.yml",
        environment={"B": "env", "C": "env"},
        compose_environment={"C": "given"},
    )
    assert params["compose"]["services"]["web"]["image"] == "file-env-given-file"


def test_env_files_in_place_of_dot_env() -> None:
    text = 'services: {web: {image: "$A-$B-${C:-none}"}}'
    disk = Disk(
        {
            "/shop/compose.yml": text,
            "/shop/.env": "C=3",
            "/shop/one.env": "A=1\nB=1",
            "/shop/two.env": "B=${A}2",
        }
    )
    params = disk.read("compose.yml", compose_env_files=["one.env", "two.env"])
    assert params["compose"]["services"]["web"]["image"] == "1-12-none"
    assert "compose_env_files" not in params
    gone = disk.problem("compose.yml", compose_env_files="gone.env")
    assert gone == "compose_env_files: there is no file /shop/gone.env here"


def test_env_files_for_a_mapping() -> None:
    disk = Disk({"/shop/one.env": "A=1\nB=1"})
    params = disk.read(
        compose={"services": {}},
        compose_env_files=["one.env"],
        compose_environment={"B": "2"},
        environment={"A": "not looked at"},
    )
    assert params["compose_environment"] == {"A": "1", "B": "2"}


def test_env_files_of_services_are_inlined() -> None:
    disk = Disk(
        {
            "/shop/compose.yml": """
            services:
              web:
                image: a
                env_file: [app.env, {path: gone.env, required: false}, {path: raw.env, format: raw}]
                environment: {X: own, HOME: , GONE: , SET: }
                label_file: labels
                labels: [b=3]
              db: {image: a, environment: [HOME]}
            """,
            "/shop/app.env": "A=$X-${HOME}\nX=file\nGONE=file\nSET=file",
            "/shop/raw.env": "R='$A'",
            "/shop/labels": "a=1\nb=2",
        }
    )
    assert disk.services("compose.yml", environment={"HOME": "/root", "SET": "$set"}) == {
        "web": {
            "image": "a",
            "environment": {
                "A": "own-/root",
                "SET": "$$set",
                "X": "own",
                "R": "'$$A'",
                "HOME": "/root",
            },
            "labels": {"a": "1", "b": "3"},
        },
        "db": {"image": "a", "environment": {"HOME": "/root"}},
    }


def test_what_is_read_is_not_filled_in_a_second_time() -> None:
    disk = Disk(
        {
            "/shop/compose.yml": "services: {w: {image: a, command: [$PW, $$x], scale: 1}}",
            "/shop/.env": "PW='a$b${c'",
        }
    )
    params = disk.read("compose.yml", project="shop")
    want = parse_document(params, lambda path: None).containers["shop-w-1"]
    assert want.fields["command"] == ["a$b${c", "$x"]


def test_several_files_start_from_the_first_ones_directory() -> None:
    disk = Disk(
        {
            "/shop/compose.yml": "services: {web: {image: a, volumes: [./a:/a], ports: ['1:1']}}",
            "/shop/over/prod.yml": """
            services:
              web: {image: b, volumes: [./b:/b], env_file: web.env, ports: !override ['2:2']}
            """,
            "/shop/web.env": "A=1",
        }
    )
    params = disk.read("compose.yml", "over/prod.yml", is_managed_host=True)
    assert params["compose_directory"] == "/shop"
    assert params["compose"]["services"]["web"] == {
        "image": "b",
        "volumes": ["./a:/a", "./b:/b"],
        "ports": ["2:2"],
        "environment": {"A": "1"},
    }


def test_the_directory_of_another_machine_is_not_guessed() -> None:
    disk = Disk({"/shop/compose.yml": WEB})
    assert "compose_directory" not in disk.read("compose.yml")
    params = disk.read("compose.yml", compose_directory="/srv", is_managed_host=True)
    assert params["compose_directory"] == "/srv"


@pytest.mark.parametrize(
    ("text", "environment", "params", "name"),
    [
        ("", {}, {}, "shop"),
        ("name: My-${X}", {"X": "App"}, {}, "my-app"),
        ("name: file", {"COMPOSE_PROJECT_NAME": "env"}, {}, "env"),
        ("name: file", {"COMPOSE_PROJECT_NAME": "env"}, {"project": "given"}, "given"),
        ("name: file", {}, {"name": "given"}, "given"),
    ],
)
def test_the_projects_name(
    text: str, environment: dict[str, str], params: dict[str, str], name: str
) -> None:
    disk = Disk({"/shop/compose.yml": text + "\nservices: {web: {image: $COMPOSE_PROJECT_NAME}}"})
    compose = disk.read("compose.yml", environment=environment, **params)["compose"]
    assert compose["name"] == name
    assert compose["services"]["web"]["image"] == name


def test_profiles_go_along() -> None:
    disk = Disk({"/shop/compose.yml": WEB, "/shop/.env": "COMPOSE_PROFILES=a,b\nSECRET=s"})
    assert disk.read("compose.yml")["compose_environment"] == {"COMPOSE_PROFILES": "a,b"}


def test_include() -> None:
    disk = Disk(
        {
            "/shop/compose.yml": """
            include:
              - sub/compose.yml
              - {path: [x/one.yml, x/two.yml], project_directory: y, env_file: x/x.env}
            services: {web: {image: a, depends_on: [db]}}
            volumes: {data: }
            """,
            "/shop/sub/compose.yml": """
            name: ignored
            services:
              db:
                image: "db:$TAG"
                env_file: db.env
                volumes:
                  - "./data:/data"
                  - {type: bind, source: ../up, target: /up}
                  - "/abs:/abs"
                  - "data:/d"
                secrets: [s]
            secrets: {s: {file: ./s.txt}}
            volumes: {data: }
            """,
            "/shop/sub/.env": "TAG=sub",
            "/shop/sub/db.env": "A=1",
            "/shop/x/one.yml": "services: {x: {image: one, volumes: ['./v:/v']}}",
            "/shop/x/two.yml": "services: {x: {image: '$TAG'}}",
            "/shop/x/x.env": "TAG=x",
        }
    )
    compose = disk.read("compose.yml")["compose"]
    assert compose["secrets"] == {"s": {"file": "./sub/s.txt"}}
    assert compose["name"] == "shop"
    assert compose["services"] == {
        "web": {"image": "a", "depends_on": ["db"]},
        "db": {
            "image": "db:sub",
            "environment": {"A": "1"},
            "volumes": [
                "./sub/data:/data",
                {"type": "bind", "source": "./up", "target": "/up"},
                "/abs:/abs",
                "data:/d",
            ],
            "secrets": ["s"],
        },
        "x": {"image": "x", "volumes": ["./y/v:/v"]},
    }


def test_include_of_something_else_under_the_same_name() -> None:
    disk = Disk(
        {
            "/shop/compose.yml": "include: [b.yml]\nservices: {web: {image: a}}",
            "/shop/b.yml": "services: {web: {image: b}}",
        }
    )
    problem = (
        "compose.include[0]: services.web is in this file too, and different. Keep one of them"
    )
    assert disk.problem("compose.yml") == problem


def test_extends_from_another_file() -> None:
    disk = Disk(
        {
            "/shop/compose.yml": """
            services: {web: {extends: {file: sub/base.yml, service: web}, user: me}}
            """,
            "/shop/sub/base.yml": """
            services:
              web: {extends: {file: ../common.yml, service: base}, volumes: ["./v:/v"], env_file: e}
            """,
            "/shop/common.yml": "services: {base: {image: '${IMAGE:-b}', volumes: ['./c:/c']}}",
            "/shop/sub/e": "E=1",
        }
    )
    assert disk.services("compose.yml") == {
        "web": {
            "image": "b",
            "volumes": ["./c:/c", "./sub/v:/v"],
            "user": "me",
            "environment": {"E": "1"},
        }
    }


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "compose: there is no file /shop/compose.yml here. Correct the path"),
        ({"compose.yml": "[1]"}, "compose: /shop/compose.yml must hold a mapping, not a list"),
        ({"compose.yml": "a: {"}, "compose: is not valid YAML: "),
        ({"compose.yml": "a: 1\na: 2"}, "the key a is there twice (line 2)"),
        ({"compose.yml": "a: &a [*a]"}, "an anchor holds itself"),
        ({"compose.yml": "a: !!python/name:os.system x"}, "could not determine a constructor"),
        ({"compose.yml": "include: [compose.yml]"}, "includes or extends itself"),
        (
            {"compose.yml": "services: {a: {extends: {file: compose.yml, service: a}}}"},
            "the file /shop/compose.yml extends itself",
        ),
        (
            {"compose.yml": "services: {a: {extends: {file: b.yml, service: a}}}"},
            "there is no file /shop/b.yml here",
        ),
        (
            {
                "compose.yml": "services: {a: {extends: {file: b.yml, service: x}}}",
                "b.yml": "services: {y: {image: a}}",
            },
            "compose.services.a.extends: 'x' is not a service of b.yml.services",
        ),
        ({"compose.yml": "include: [{paths: x}]"}, "compose.include[0].paths: unknown key"),
        ({"compose.yml": "include: [{}]"}, "compose.include[0]: names no file"),
        (
            {"compose.yml": "services: {web: {env_file: gone.env}}"},
            "compose.services.web.env_file[0]: there is no file /shop/gone.env here",
        ),
        (
            {"compose.yml": "services: {web: {env_file: [{path: a, format: x}]}}"},
            "compose.services.web.env_file[0].format: is 'x'",
        ),
        ({"compose.yml": "services: {web: {image: '${X:?}'}}"}, "compose.services.web.image: "),
        ({"compose.yml": "services: {web: {image: a}}", ".env": "A B"}, "/shop/.env:1: "),
    ],
)
def test_problems(files: dict[str, str], problem: str) -> None:
    disk = Disk({f"/shop/{name}": text for name, text in files.items()})
    assert problem in disk.problem("compose.yml")


def test_problems_of_several_files_say_which() -> None:
    disk = Disk({"/shop/a.yml": WEB, "/shop/b.yml": "services: {web: {image: '${X'}}"})
    assert disk.problem("a.yml", "b.yml").startswith("compose[1].services.web.image: ")


def test_a_yaml_error_does_not_quote_the_file() -> None:
    disk = Disk({"/shop/compose.yml": 'environment: {PASSWORD: secret"}: ['})
    assert "secret" not in disk.problem("compose.yml")
