# frozen_string_literal: true

# An image: pulled, loaded or built.

unified_mode true

provides :dockwright_image

use 'partial/_kind'

default_action :create

action :create do
  converge_kind('present')
end

action :delete do
  converge_kind('absent')
end
