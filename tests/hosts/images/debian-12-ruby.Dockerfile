# The Debian 12 host with the distribution's puppet-agent (7).
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends puppet-agent \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
