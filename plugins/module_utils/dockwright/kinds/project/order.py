"""The order of dependencies: cycles, and levels that may be worked on side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def cycle_in(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of one cycle in a graph of name -> what it depends on; empty when there is none."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        found = _walk(start, graph, path, done)
        if found:
            return found
    return []


def _walk(
    name: str, graph: Mapping[str, Iterable[str]], path: list[str], done: set[str]
) -> list[str]:
    if name in path:
        return path[path.index(name) :]
    if name in done or name not in graph:
        return []
    path.append(name)
    for other in graph[name]:
        found = _walk(other, graph, path, done)
        if found:
            return found
    path.pop()
    done.add(name)
    return []


def with_wishes(
    graph: Mapping[str, Iterable[str]], wishes: Iterable[tuple[str, str]]
) -> dict[str, list[str]]:
    """The graph with further dependencies (name, other), but for those that would make a cycle."""
    result = {name: list(others) for name, others in graph.items()}
    for name, other in wishes:
        if name in result and other in result and not _leads(other, name, result):
            result[name].append(other)
    return result


def _leads(start: str, goal: str, graph: Mapping[str, Iterable[str]]) -> bool:
    todo, seen = [start], {start}
    while todo:
        name = todo.pop()
        if name == goal:
            return True
        new = set(graph.get(name, ())) - seen
        seen |= new
        todo.extend(new)
    return False


def levels(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The names in groups, each group after all that it depends on; names outside do not count."""
    depth: dict[str, int] = {}

    def measure(name: str) -> int:
        if name not in depth:
            below = [measure(other) for other in graph[name] if other in graph]
            depth[name] = 1 + max(below, default=-1)
        return depth[name]

    for name in graph:
        measure(name)
    grouped: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in graph:
        grouped[depth[name]].append(name)
    return grouped
