# frozen_string_literal: true

# A plugin of the engine.

unified_mode true

provides :dockwright_plugin

use 'partial/_kind'

default_action :enable

action :enable do
  converge_kind('enabled')
end

action :disable do
  converge_kind('disabled')
end

action :delete do
  converge_kind('absent')
end
