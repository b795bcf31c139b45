"""Completion for shells, made from the parser: verbs, options, their words, and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Callable

from .outline import Flag, Verb, top_flags, verbs

_BASH = """\
# Completion of dockwright for bash: eval "$(dockwright completion bash)"
_dockwright() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb= word words= files=
    COMPREPLY=()
    # --color=always comes in three words.
    if [ "$cur" = "=" ]; then
        cur=
    elif [ "$prev" = "=" ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case $word in
            -*) ;;
            *) verb=$word; break ;;
        esac
    done
    case "$verb $prev" in
@values@
        *)
            case "$verb,$cur" in
                ,*) words="@verbs@" ;;
@options@
            esac
            ;;
    esac
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    elif [ -n "$files" ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}
complete -F _dockwright dockwright
"""

_ZSH = """\
#compdef dockwright
# Completion of dockwright for zsh: put it into a folder of $fpath as _dockwright.
_dockwright() {
    local context state state_descr line
    typeset -A opt_args
    _arguments -C \\
@top@
        '1:verb:->verb' \\
        '*::argument:->rest'
    case $state in
        verb)
            local -a names
            names=(
@verbs@
            )
            _describe verb names
            ;;
        rest)
            case $line[1] in
@rest@
            esac
            ;;
    esac
}
if [ "$funcstack[1]" = "_dockwright" ]; then
    _dockwright "$@"
else
    compdef _dockwright dockwright
fi
"""


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script for a shell: ``bash``, ``zsh`` or ``fish``."""
    makers: dict[str, Callable[[argparse.ArgumentParser], str]] = {
        "bash": _bash,
        "zsh": _zsh,
        "fish": _fish,
    }
    return makers[shell](parser)


def _names(flags: Iterable[Flag]) -> list[str]:
    return [name for flag in flags for name in flag.names]


def _bash(parser: argparse.ArgumentParser) -> str:
    values, options = [], []
    for verb in verbs(parser):
        for flag in verb.flags:
            if flag.takes:
                cases = "|".join(f'"{verb.name} {name}"' for name in flag.names)
                does = f'words="{" ".join(flag.values)}"' if flag.values else ""
                does = "files=yes" if flag.is_path else does or ":"
                values.append(f"        {cases}) {does} ;;")
        options.append(f'{" " * 16}{verb.name},-*) words="{" ".join(_names(verb.flags))}" ;;')
        for argument in verb.arguments:
            does = f'words="{" ".join(argument.values)}"' if argument.values else ""
            does = "files=yes" if argument.is_path else does or ":"
            options.append(f"{' ' * 16}{verb.name},*) {does} ;;")
    every = [*(verb.name for verb in verbs(parser)), *_names(top_flags(parser))]
    return _filled(_BASH, values=values, options=options, verbs=[" ".join(every)])


def _zsh(parser: argparse.ArgumentParser) -> str:
    indent = " " * 16
    found = verbs(parser)
    listed = [f"{indent}{_quoted(f'{verb.name}:{verb.help}')}" for verb in found]
    rest = []
    for verb in found:
        lines = [line for flag in verb.flags for line in _zsh_flag(flag)]
        for number, argument in enumerate(verb.arguments, 1):
            place = "*" if argument.many else str(number)
            lines.append(_quoted(f"{place}:{argument.name}:{_zsh_action(argument)}"))
        body = f" \\\n{indent}        ".join(["_arguments", *lines])
        rest.append(f"{indent}{verb.name})\n{indent}    {body}\n{indent}    ;;")
    top = [f"        {line} \\" for flag in top_flags(parser) for line in _zsh_flag(flag)]
    return _filled(_ZSH, top=top, verbs=listed, rest=rest)


def _zsh_flag(flag: Flag) -> list[str]:
    text = _first(flag.help).replace("[", "(").replace("]", ")").replace(":", "\\:")
    tail = f":{flag.takes.lower().replace('|', ' ')}:{_zsh_action(flag)}" if flag.takes else ""
    return [_quoted(f"*{name}[{text}]{tail}") for name in flag.names]


def _zsh_action(item: object) -> str:
    if getattr(item, "is_path", False):
        return "_files"
    values = getattr(item, "values", ())
    return f"({' '.join(values)})" if values else " "


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(parser: argparse.ArgumentParser) -> str:
    out = ["# Completion of dockwright for fish: dockwright completion fish | source"]
    out.append("complete -c dockwright -f")
    for flag in top_flags(parser):
        out.append(_fish_flag("__fish_use_subcommand", flag))
    for verb in verbs(parser):
        shown = f"-a {verb.name} -d {_fished(verb.help)}"
        out.append(f"complete -c dockwright -n __fish_use_subcommand {shown}")
        inside = f"'__fish_seen_subcommand_from {verb.name}'"
        out += [_fish_flag(inside, flag) for flag in verb.flags]
        out += _fish_arguments(inside, verb)
    return "\n".join(out) + "\n"


def _fish_arguments(inside: str, verb: Verb) -> list[str]:
    out = []
    for argument in verb.arguments:
        if argument.is_path:
            out.append(f"complete -c dockwright -n {inside} -F")
        elif argument.values:
            out.append(f"complete -c dockwright -n {inside} -a '{' '.join(argument.values)}'")
    return out


def _fish_flag(inside: str, flag: Flag) -> str:
    parts = ["complete -c dockwright -n", inside]
    for name in flag.names:
        parts.append(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}")
    if flag.is_path:
        parts.append("-r -F")
    elif flag.takes:
        parts.append(f"-x -a '{' '.join(flag.values)}'" if flag.values else "-x")
    return " ".join([*parts, "-d", _fished(_first(flag.help))])


def _fished(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _first(text: str) -> str:
    """The first sentence of a help."""
    return text.partition(". ")[0].rstrip(".")


def _filled(template: str, **parts: list[str]) -> str:
    for name, lines in parts.items():
        template = template.replace(f"@{name}@", "\n".join(lines))
    return template
