# frozen_string_literal: true

# A whole host, as one spec describes it.

unified_mode true

provides :dockwright_host

use 'partial/_kind'

default_action :apply

action :apply do
  converge_kind
end
