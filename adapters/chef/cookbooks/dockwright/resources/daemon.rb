# frozen_string_literal: true

# Keys of daemon.json.

unified_mode true

provides :dockwright_daemon

use 'partial/_kind'

default_action :configure

action :configure do
  converge_kind
end
