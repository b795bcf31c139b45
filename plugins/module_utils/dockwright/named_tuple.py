"""``typing.NamedTuple``, declared in half of the time or less.

A run declares some seventy of them before it does anything, and typing compiles the annotation of
each field: 3 to 5 of the 50 ms that a command takes to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from collections import namedtuple

    class _Declaring(type):
        """Makes the named tuple that a class statement describes."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body["__annotations__"]  # texts, as each of our files has them
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults)
            for key, value in body.items():  # methods, the docstring, the module
                setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Declaring):
        """What a class statement names as its only base."""
