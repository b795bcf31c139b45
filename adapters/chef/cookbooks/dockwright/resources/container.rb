# frozen_string_literal: true

# A container: run, stop, delete it; restart it when notified.

unified_mode true

provides :dockwright_container

use 'partial/_kind'

default_action :run

action :run do
  converge_kind('running')
end

action :stop do
  converge_kind('stopped')
end

action :delete do
  converge_kind('absent')
end

action :restart do
  converge_by("container #{new_resource.name}: restart") do
    wish_for('stopped').apply
    wish_for('running').apply
  end
end
