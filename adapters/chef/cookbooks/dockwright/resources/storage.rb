# frozen_string_literal: true

# Storage driver, data-root and image store.

unified_mode true

provides :dockwright_storage

use 'partial/_kind'

default_action :configure

action :configure do
  converge_kind
end
