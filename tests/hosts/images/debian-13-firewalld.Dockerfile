# The Debian 13 host with firewalld (2), which runs.
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends firewalld \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && systemctl enable firewalld.service
