# The Debian 13 host with the distribution's puppet-agent (8), and rspec and rubocop for our Ruby.
ARG BASE
FROM $BASE
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    puppet-agent puppet-lint ruby-rspec rubocop \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
