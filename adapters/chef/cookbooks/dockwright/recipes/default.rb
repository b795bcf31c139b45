# frozen_string_literal: true

# The engine, then the host as node['dockwright']['spec'] describes it.

include_recipe 'dockwright::engine'

dockwright_host 'this host' do
  spec node['dockwright']['spec'].to_h
end
