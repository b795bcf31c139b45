"""The options of a volume: one row per Compose volume key."""

from __future__ import annotations

from ... import owner
from ...options import Option, field
from ...values import BOOLEAN, TEXT, TEXT_MAP, TEXTS, one_of
from ..plugin.options import DRIVER, driver_name

ROWS: tuple[Option, ...] = (
    field(
        "driver",
        DRIVER,
        "Driver",
        "The volume driver: C(local), or a plugin.",
        clean=driver_name,
        default="local",
    ),
    Option(
        "driver_opts",
        TEXT_MAP,
        "Options of the driver.",
        read=lambda seen: dict(seen.raw.get("Options") or {}),
        write=lambda payload, value: payload.update(DriverOpts=dict(value)),
        example={"type": "tmpfs", "device": "tmpfs", "o": "size=64m"},
    ),
    Option(
        "labels",
        owner.LABELS,
        "Labels, as a mapping or a list of C(NAME=value).",
        read=lambda seen: owner.foreign(owner.labels_of(seen.raw)),
        write=lambda payload, value: payload.setdefault("Labels", {}).update(value),
    ),
)

INPUTS: tuple[Option, ...] = (
    Option("name", TEXT, "The engine's name of the volume. Left out: the key in the spec."),
    Option("external", BOOLEAN, "It must be there, and is never touched.", default=False),
    Option(
        "state",
        one_of("present", "absent"),
        "Whether the volume is to be there. C(absent) destroys its data.",
        default="present",
    ),
    Option(
        "migrate",
        BOOLEAN,
        "Whether another driver option or label may be had by making the volume anew with a copy of"
        " its data: the containers that have it are stopped, and made anew as they are. Without it"
        " such a change is refused.",
        default=False,
    ),
    Option("ignore", TEXTS, "Paths of options that another hand owns: shown, never changed."),
)

OPTIONS = ROWS + INPUTS
