# The Debian 13 host with what a cloud's image has: cloud-init; and git and Ansible for ansible-pull.
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    cloud-init git ansible-core \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
# The network is the container's; the module list is the distribution's.
RUN printf 'network: {config: disabled}\n' > /etc/cloud/cloud.cfg.d/99-network.cfg
