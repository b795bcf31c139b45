"""Converge a document on the host this runs on: JSON in, the report as JSON out."""

from __future__ import annotations

import json
import sys

from dockwright import api


def main() -> None:
    request = json.load(sys.stdin)
    report = api.converge(request["document"], check=request["check"])
    json.dump(api.to_dict(report), sys.stdout)


main()
