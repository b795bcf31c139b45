# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'registry_login',
  'A login at a registry, kept as the docker command keeps it.'
)
