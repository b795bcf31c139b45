# frozen_string_literal: true

# The engine's packages, and its service.

engine = node['dockwright']['engine']

package engine['packages'].to_a unless engine['packages'].empty?

service engine['service'] do
  action %i[enable start]
end
