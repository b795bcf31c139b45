# frozen_string_literal: true

# A login at a registry, kept as the docker command keeps it.

unified_mode true

provides :dockwright_registry_login

use 'partial/_kind'

default_action :create

action :create do
  converge_kind('present')
end

action :delete do
  converge_kind('absent')
end
