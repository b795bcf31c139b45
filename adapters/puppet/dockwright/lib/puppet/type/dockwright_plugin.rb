# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'plugin',
  'A plugin of the engine.'
)
