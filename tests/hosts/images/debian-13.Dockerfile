# Debian 13 as a host: systemd, SSH, Python and the distribution's engine (26.1).
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    systemd systemd-sysv dbus iproute2 iptables procps ca-certificates curl \
    python3 python3-docker python3-yaml openssh-server docker.io docker-cli docker-registry \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
COPY prepare.sh docker-socket.conf /tmp/
RUN sh /tmp/prepare.sh
CMD ["/sbin/init"]
STOPSIGNAL SIGRTMIN+3
