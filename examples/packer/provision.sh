#!/bin/sh
# Provision an image with what a spec says: Packer's shell provisioner, as root on Debian or Ubuntu.
#   DOCKWRIGHT  dockwright.pyz, as `make zipapp` makes it   (/tmp/dockwright.pyz)
#   SPEC        the spec                                    (/tmp/spec.yml)
#   ROOT        the mounted root of the image; left out, the image is the machine that runs this
set -eu

program=${DOCKWRIGHT:-/tmp/dockwright.pyz}
spec=${SPEC:-/tmp/spec.yml}
root=${ROOT:-/}

dockwright() { python3 -I "$program" "$@"; }

if [ "$root" != / ]; then
    # Nothing runs there: files are written, and the rest is left to the image's first boot.
    dockwright apply --root "$root" "$spec"
    # Were anything left, the image would not be what was asked for: exit status 2.
    dockwright plan --root "$root" --detailed-exitcodes "$spec" >/dev/null
    exit
fi

if ! command -v dockerd >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q
    apt-get install -y -q --no-install-recommends docker.io iptables
fi
systemctl start docker.service
install -D -m 0755 "$program" /usr/local/lib/dockwright/dockwright.pyz
install -D -m 0600 "$spec" /etc/dockwright/spec.yml
dockwright apply /etc/dockwright/spec.yml
dockwright plan --detailed-exitcodes /etc/dockwright/spec.yml >/dev/null

# The image holds the stopped engine with its content, and no key by which engines are told apart.
systemctl stop docker.socket docker.service
rm -f /etc/docker/key.json /var/lib/docker/engine-id
# What was uploaded holds the secrets of the spec.
[ "$spec" != /tmp/spec.yml ] || rm -f "$spec"
[ "$program" != /tmp/dockwright.pyz ] || rm -f "$program"
