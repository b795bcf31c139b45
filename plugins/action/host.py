# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of module host on the controller: the same as that of module project."""

from __future__ import annotations

from .project import ActionModule

__all__ = ["ActionModule"]
