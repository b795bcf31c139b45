# frozen_string_literal: true

# A volume of the engine.

unified_mode true

provides :dockwright_volume

use 'partial/_kind'

default_action :create

action :create do
  converge_kind('present')
end

action :delete do
  converge_kind('absent')
end
