# frozen_string_literal: true

# A network of the engine.

unified_mode true

provides :dockwright_network

use 'partial/_kind'

default_action :create

action :create do
  converge_kind('present')
end

action :delete do
  converge_kind('absent')
end
