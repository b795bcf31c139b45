# The Debian 13 host with the engine (28.5) and the Compose (2.40) of unstable.
ARG BASE
FROM $BASE
# The mirror is the one that debootstrap wrote; unstable is used for what is asked of it, no more.
RUN sed 's/^deb \([^ ]*\) trixie main/deb [check-valid-until=no] \1 sid main/;t;d' \
    /etc/apt/sources.list > /etc/apt/sources.list.d/unstable.list \
 && printf 'Package: *\nPin: release a=unstable\nPin-Priority: 100\n' > /etc/apt/preferences.d/unstable \
 && apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -t sid \
    docker.io docker-cli docker-compose containerd runc \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
