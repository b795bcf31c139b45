"""Run in Salt's own environment: apply SLS files one after the other, print what came of them.

``salt_caller.py FOLDER {"plan": true, "apply": false, …}``: name of the SLS file and test mode.
"""

import json
import sys
from pathlib import Path

import salt.client


def main() -> None:
    """One caller for all files."""
    folder, tests = sys.argv[1], json.loads(sys.argv[2])
    config = Path(folder) / "minion"
    options = {
        "id": "contract",
        "root_dir": folder,
        "file_client": "local",
        "file_roots": {"base": [f"{folder}/states"]},
    }
    config.write_text(json.dumps(options))
    caller = salt.client.Caller(c_path=str(config))
    found = {name: caller.cmd("state.apply", name, test=test) for name, test in tests.items()}
    print(json.dumps(found))


main()
