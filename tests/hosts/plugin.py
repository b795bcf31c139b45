"""A volume plugin of the engine, made on a test host and offered by a registry there.

Its program is the host's own python3, which it gets by a mount: nothing has to be built.
"""

from __future__ import annotations

import json
from typing import Any

from .host import TestHost

_PROGRAM = '''\
"""A driver of volumes that are folders in the plugin; the engine asks it by HTTP."""
import json, os, signal, socketserver
from http.server import BaseHTTPRequestHandler

FOLDER = "/data"

def answer(path, name):
    folder = os.path.join(FOLDER, name)
    if path == "/VolumeDriver.Create":
        os.makedirs(folder, exist_ok=True)
    elif path == "/VolumeDriver.Remove":
        os.rmdir(folder)
    elif path == "/VolumeDriver.List":
        return {"Volumes": [{"Name": name} for name in os.listdir(FOLDER)]}
    elif path == "/VolumeDriver.Get":
        return {"Volume": {"Name": name}} if os.path.isdir(folder) else {"Err": "not there"}
    elif path == "/VolumeDriver.Capabilities":
        return {"Capabilities": {"Scope": "local"}}
    elif path == "/Plugin.Activate":
        return {"Implements": ["VolumeDriver"]}
    return {"Mountpoint": folder}

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        asked = json.loads(self.rfile.read(length) or "{}")
        text = json.dumps({"Err": "", **answer(self.path, asked.get("Name") or "")}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self):
        return "the engine"

# It is process 1: without this the engine waits 10 s for its end.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    pass

Server("/run/docker/plugins/driver.sock", Handler).serve_forever()
'''
_CONFIG: dict[str, Any] = {
    "description": "volumes for tests",
    "documentation": "",
    "entrypoint": ["/usr/bin/python3", "/driver.py"],
    "workdir": "/",
    "interface": {"types": ["docker.volumedriver/1.0"], "socket": "driver.sock"},
    "network": {"type": "host"},
    "propagatedmount": "/data",
    "mounts": [
        {
            "name": "programs",
            "source": "/usr",
            "destination": "/usr",
            "type": "bind",
            "options": ["rbind", "ro"],
            "settable": ["source"],
        }
    ],
    "env": [
        {"name": "DEBUG", "value": "0", "settable": ["value"]},
        {"name": "TOKEN", "settable": ["value"]},
        {"name": "VERSION", "value": "1"},
    ],
    "args": {"name": "args", "value": ["-q"], "settable": ["value"]},
    "linux": {"capabilities": ["CAP_SYS_ADMIN"]},
}
# What such a plugin asks for.
PRIVILEGES = {"network": ["host"], "mount": ["/usr"], "capabilities": ["CAP_SYS_ADMIN"]}
_MAKE = """
rm -rf "$0" && mkdir -p "$0/rootfs" && cd "$0/rootfs"
mkdir -p usr run/docker/plugins proc dev sys data
for name in bin lib lib64 sbin; do ln -s usr/$name $name; done
"""
_OFFER = """
docker plugin rm -f "$1" > /dev/null 2>&1 || true
docker plugin create "$1" "$0" && docker plugin push "$1" && docker plugin rm "$1"
rm -rf "$0"
"""


def offer_plugin(host: TestHost, reference: str, **config: Any) -> None:
    """Make a plugin and push it to its registry; the engine does not have it afterwards.

    ``config`` goes over the top level of its configuration.
    """
    folder = "/root/dockwright-plugin"
    host.exec(["sh", "-ec", _MAKE, folder])
    host.write(f"{folder}/rootfs/driver.py", _PROGRAM)
    host.write(f"{folder}/config.json", json.dumps({**_CONFIG, **config}))
    host.exec(["sh", "-ec", _OFFER, folder, reference])


def remove_plugins(host: TestHost) -> None:
    """Remove every plugin of the host's engine, also one that is in use."""
    script = "docker plugin ls -q | xargs -r docker plugin rm -f"
    host.exec(["sh", "-c", script])
