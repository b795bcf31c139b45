"""A signed repository of packages in a test host: its own engine, with other version numbers."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from tests.hosts import TestHost, machine

FOLDER = "/srv/engine-repository"
PACKAGES = ("docker.io", "docker-cli")

# As the package is installed, but for the version: that of dpkg and what the programs say.
_REPACK = r"""
set -eu
name=$1 version=$2 folder=$3
build=$(mktemp -d -p /var/tmp)
mkdir "$build/DEBIAN"
dpkg-query -L "$name" | while read -r path; do
    if [ -L "$path" ] || [ -f "$path" ]; then cp -a --parents "$path" "$build"; fi
done
dpkg -s "$name" | sed -e '/^Status:/d' -e '/^Conffiles:/,/^[^ ]/{/^Conffiles:/d;/^ /d}' \
    -e "s/^Version: .*/Version: $version/" > "$build/DEBIAN/control"
dpkg-query -W -f '${Conffiles}\n' "$name" | sed -n 's/^ \([^ ]*\) .*/\1/p' |
    while read -r path; do if [ -f "$path" ]; then echo "$path"; fi; done \
    > "$build/DEBIAN/conffiles"
for script in preinst postinst prerm postrm; do
    there=/var/lib/dpkg/info/$name.$script
    if [ -e "$there" ]; then cp -p "$there" "$build/DEBIAN"; fi
done
for program in usr/sbin/dockerd usr/bin/docker; do
    if [ -e "$build/$program" ]; then
        LC_ALL=C sed -i "s/$(echo "$4" | sed 's/\./\\./g')/${version%-*}/g" "$build/$program"
    fi
done
mkdir -p "$folder"
dpkg-deb -Znone --root-owner-group --build "$build" "$folder/${name}_$version.deb" >/dev/null
rm -rf "$build"
"""

# What apt-ftparchive writes, for a flat repository.
_INDEX = r"""
import hashlib, pathlib, subprocess, sys
folder = pathlib.Path(sys.argv[1])
found = []
for deb in sorted(folder.glob("*.deb")):
    control = subprocess.check_output(["dpkg-deb", "--field", deb], text=True)
    with deb.open("rb") as file:
        mark = hashlib.file_digest(file, "sha256").hexdigest()
    words = f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {mark}\n"
    found.append(control.rstrip() + "\n" + words)
(folder / "Packages").write_text("\n".join(found))
"""


class AptRepository:
    """The repository, and the key that signs it. Packages are published one by one."""

    def __init__(self, host: TestHost) -> None:
        self.host = host
        machine.install("gnupg")
        with tempfile.TemporaryDirectory() as home:
            # In a home of its own; the agent goes with it.
            gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", ""]
            make = ["--quick-gen-key", "Engine repository <engine@example.com>", "ed25519"]
            machine.run([*gpg, *make, "sign", "never"])
            self.key = machine.run([*gpg, "--armor", "--export"]).stdout
            self._secret = machine.run([*gpg, "--armor", "--export-secret-keys"]).stdout

    @property
    def uri(self) -> str:
        return f"file:{FOLDER}"

    def publish(self, version: str) -> None:
        """Packages of this version, such as ``26.1.6+dfsg1-1``.

        The engine then says what stands before the last ``-``, in as many characters as now.
        """
        says = self.host.exec(["dockerd", "--version"]).stdout.split()[2].rstrip(",")
        assert len(version.rpartition("-")[0]) == len(says), (version, says)
        for name in PACKAGES:
            words = ["sh", "-s", name, version, FOLDER, says]
            self.host.exec(words, input=_REPACK, timeout=300)
        self.host.exec(["python3", "-c", _INDEX, FOLDER])
        self._sign()

    def _sign(self) -> None:
        index = self.host.read(f"{FOLDER}/Packages").encode()
        release = (
            "Origin: dockwright tests\nSuite: engine\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
            f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
        )
        with tempfile.TemporaryDirectory() as home:
            place = Path(home)
            gpg = ["gpg", "--homedir", home, "--batch", "--quiet"]
            machine.run([*gpg, "--import"], input=self._secret)
            (place / "Release").write_text(release)
            machine.run([*gpg, "--clear-sign", "--output", place / "InRelease", place / "Release"])
            self.host.write(f"{FOLDER}/InRelease", (place / "InRelease").read_text())
