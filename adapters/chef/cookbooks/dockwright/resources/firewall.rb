# frozen_string_literal: true

# Who may reach published ports.

unified_mode true

provides :dockwright_firewall

use 'partial/_kind'

default_action :configure

action :configure do
  converge_kind('present')
end

action :delete do
  converge_kind('absent')
end
