# The Debian 12 host with firewalld (1), which runs.
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends firewalld \
 && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && systemctl enable firewalld.service
