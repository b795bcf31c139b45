"""What we keep on the host, so that the rules hold at the next boot: rules, a script, two units."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .rules import CHAINS, DIRECT, DROP, MAIN, OUTSIDE, PORTS, TABLES, Table, Ways, tables
from .want import FirewallWant

if TYPE_CHECKING:
    from ...host.machine import Host

FOLDER = "/etc/dockwright/firewall"
CURRENT, PREVIOUS = f"{FOLDER}/current", f"{FOLDER}/previous"
SCRIPT, PENDING = f"{FOLDER}/load", f"{FOLDER}/pending.json"
ARMED = "/run/dockwright-firewall-armed"
READINGS = f"{CURRENT}/readings.json"
UNITS = ("dockwright-firewall.service", "dockwright-firewall-check.service")
TIMER = "dockwright-firewall-revert"
_UNIT_FOLDER = "/etc/systemd/system"
KINDS = ("rules", "hooks", "closed")
NAMES = tuple(f"{kind}.{family}" for kind in KINDS for family in (4, 6))


@dataclass(frozen=True)
class Own:
    """The files of ours that are there, by path, and what is recorded in them."""

    texts: Mapping[str, str] = field(default_factory=dict)
    readings: Mapping[str, Any] = field(default_factory=dict)  # family -> see saved.Readings
    pending: Mapping[str, Any] = field(default_factory=dict)
    is_pending: bool = False
    is_enabled: bool = False


def read(host: Host) -> Own:
    """Our files as they are."""
    paths = [SCRIPT, *(f"{CURRENT}/{name}" for name in NAMES)]
    paths += [f"{_UNIT_FOLDER}/{unit}" for unit in UNITS]
    texts = {path: host.files.read_text(path) for path in paths}
    pending = host.files.read_text(PENDING)
    wants = f"{_UNIT_FOLDER}/{host.service.unit}.wants"
    return Own(
        {path: text for path, text in texts.items() if text is not None},
        _record(host.files.read_text(READINGS)),
        _record(pending),
        pending is not None,
        set(UNITS) <= set(host.files.list(wants)),
    )


def wanted(
    want: FirewallWant,
    by_family: Mapping[int, Mapping[str, Table]],
    ways: Ways,
    how: tuple[str, str],
) -> dict[str, str]:
    """The files that hold these rules over a boot; ``how`` is the variant and the daemon's unit."""
    variant, unit = how
    found = {SCRIPT: script(variant)}
    for family, wanted_tables in by_family.items():
        hooks = [f"{name} {c} {t}" for name in TABLES for c, t in wanted_tables[name].hooks]
        found[f"{CURRENT}/rules.{family}"] = _restored(wanted_tables)
        found[f"{CURRENT}/hooks.{family}"] = "\n".join([*hooks, ""])
        if want.drops:
            found[f"{CURRENT}/closed.{family}"] = _restored(_closed(family, ways))
    for name, text in units(unit).items():
        found[f"{_UNIT_FOLDER}/{name}"] = text
    return found


def _closed(family: int, ways: Ways) -> Mapping[str, Table]:
    """Rules that let nobody in, for a boot at which the real ones cannot be loaded."""
    found = tables(FirewallWant(drops=True), family, Ways(bridges=ways.bridges))
    kept = (MAIN, OUTSIDE, PORTS, DIRECT, DROP)
    return {
        name: Table({chain: table.chains[chain] for chain in kept}, (), {})
        for name, table in found.items()
    }


def _restored(by_table: Mapping[str, Table]) -> str:
    lines: list[str] = []
    for name in TABLES:
        chains = by_table[name].chains
        lines += [f"*{name}", *(f":{chain} - [0:0]" for chain in chains)]
        lines += [f"-A {chain} {rule}" for chain, rules in chains.items() for rule in rules]
        lines.append("COMMIT")
    return "\n".join([*lines, ""])


def units(unit: str) -> dict[str, str]:
    """The unit that comes before the daemon, and the one that looks again behind it."""
    flushers = "netfilter-persistent.service nftables.service iptables.service ufw.service"
    first, second = UNITS
    return {
        first: f"""[Unit]
Description=Rules for published ports, before Docker opens them (dockwright)
After={flushers} firewalld.service
Before={unit}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {SCRIPT} boot

[Install]
WantedBy=multi-user.target {unit}
""",
        second: f"""[Unit]
Description=Rules for published ports, checked after a start of Docker (dockwright)
After={first} {unit}

[Service]
Type=oneshot
ExecStart=/bin/sh {SCRIPT} check

[Install]
WantedBy={unit}
""",
    }


def script(variant: str) -> str:
    """The shell script of both units and of the timer that restores what was before."""
    words = {"@VARIANT@": variant, "@CHAINS@": " ".join(CHAINS), "@FOLDER@": FOLDER}
    words.update({"@ARMED@": ARMED, "@UNITS@": " ".join(UNITS)})
    text = _SCRIPT
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def unit_paths() -> Iterable[str]:
    """Where our units are."""
    return [f"{_UNIT_FOLDER}/{unit}" for unit in UNITS]


def _record(text: str | None) -> Mapping[str, Any]:
    """A JSON record of ours; what cannot be read is none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


_SCRIPT = """\
#!/bin/sh
# Written by dockwright. Loads its rules for published ports.
#   load boot     before the Docker daemon starts; what nobody has confirmed is undone
#   load check    after it has started
#   load revert   the rules from before come back
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
folder=@FOLDER@
variant=@VARIANT@
hooks='mangle FORWARD DOCKWRIGHT
mangle INPUT DOCKWRIGHT-INPUT
filter DOCKER-USER DOCKWRIGHT
filter INPUT DOCKWRIGHT-INPUT'

tables() { "$tool$variant" -w 30 -t "$@"; }

hook() { # hook TABLE CHAIN TARGET
    tables "$1" -n -L "$2" >/dev/null 2>&1 || tables "$1" -N "$2"
    tables "$1" -C "$2" -j "$3" 2>/dev/null || tables "$1" -I "$2" 1 -j "$3"
}

take_away() { # our chains in one family
    for table in mangle filter; do
        for order in -F -X; do
            for chain in @CHAINS@; do tables "$table" "$order" "$chain" 2>/dev/null; done
        done
    done
}

load() { # load FOLDER FAMILY TOOL
    tool=$3
    command -v "$tool$variant" >/dev/null || return 0
    if [ -e "$1/rules.$2" ]; then
        if ! "$tool$variant-restore" --noflush -w 30 <"$1/rules.$2"; then
            failed=1
            [ ! -e "$1/closed.$2" ] || "$tool$variant-restore" --noflush -w 30 <"$1/closed.$2"
        fi
    fi
    while read -r table chain target; do
        if [ -e "$1/rules.$2" ] && grep -qx "$table $chain $target" "$1/hooks.$2"; then
            hook "$table" "$chain" "$target" || failed=1
        else
            while tables "$table" -D "$chain" -j "$target" 2>/dev/null; do :; done
        fi
    done <<EOF
$hooks
EOF
    [ -e "$1/rules.$2" ] || take_away
}

load_all() { # load_all FOLDER
    load "$1" 4 iptables
    load "$1" 6 ip6tables
}

revert() {
    load_all "$folder/previous"
    rm -f "$folder/pending.json" @ARMED@
    rm -rf "$folder/current"
    if [ -e "$folder/previous/rules.4" ]; then
        mv "$folder/previous" "$folder/current"
    else
        systemctl --no-reload disable @UNITS@ 2>/dev/null
        for unit in @UNITS@; do rm -f "/etc/systemd/system/$unit"; done
        rm -rf "$folder"
        systemctl daemon-reload
    fi
}

main() {
    failed=0
    if [ "$1" = revert ]; then
        revert
    elif [ "$1" = boot ] && [ -e "$folder/pending.json" ] && [ ! -e @ARMED@ ]; then
        revert
    else
        load_all "$folder/current"
    fi
    exit "$failed"
}

main "$@"
"""
