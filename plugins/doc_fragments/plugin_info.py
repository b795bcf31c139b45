# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of module plugin_info, from the rows."""

from __future__ import annotations

import json

from ..module_utils.dockwright.api import ansible_documentation


class ModuleDocFragment:
    """The options of module plugin_info."""

    DOCUMENTATION = json.dumps(ansible_documentation("plugin_info"))
