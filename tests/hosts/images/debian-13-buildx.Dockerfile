# The Debian 13 host with the distribution's plugin for BuildKit.
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends docker-buildx \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
