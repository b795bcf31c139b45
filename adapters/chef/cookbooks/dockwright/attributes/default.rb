# frozen_string_literal: true

# The whole host: what a spec of dockwright says.
default['dockwright']['spec'] = {}

# The engine, by the distribution's own package; an empty list installs nothing.
default['dockwright']['engine']['packages'] = %w[docker.io iptables]
default['dockwright']['engine']['service'] = 'docker'
