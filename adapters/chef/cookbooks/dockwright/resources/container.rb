# frozen_string_literal: true

# A container: run it (and wait for its health), pause, stop, delete it; restart it when notified.

unified_mode true

provides :dockwright_container

use 'partial/_kind'

default_action :run

action :run do
  converge_kind('running')
end

action :await_health do
  converge_kind('healthy')
end

action :pause do
  converge_kind('paused')
end

action :stop do
  converge_kind('stopped')
end

action :delete do
  converge_kind('absent')
end

action :restart do
  converge_kind('restarted')
end
