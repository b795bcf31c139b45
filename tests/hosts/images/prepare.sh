# Run while a host image is built: what makes Debian a test host, whatever its version.
set -eu

# A container cannot load kernel modules; nobody logs in on a console.
systemctl mask systemd-modules-load.service systemd-networkd.service console-getty.service getty.target
systemctl disable docker-registry.service
systemctl enable docker.socket docker.service ssh.service

# The engine's own socket unit hands dockerd one more socket, in a folder that the machine sees.
# docker.service and /etc/docker/daemon.json stay as the package has them.
mkdir -p /etc/systemd/system/docker.socket.d
mv /tmp/docker-socket.conf /etc/systemd/system/docker.socket.d/machine.conf

mkdir -p -m 0700 /root/.ssh
# Empty, not absent: systemd makes a new one and does not take it for a first boot.
: > /etc/machine-id
rm -f /tmp/prepare.sh
