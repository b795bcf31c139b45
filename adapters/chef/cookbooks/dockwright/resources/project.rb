# frozen_string_literal: true

# A project: networks, volumes, images and containers with one owner.

unified_mode true

provides :dockwright_project

use 'partial/_kind'

default_action :apply

action :apply do
  converge_kind
end
