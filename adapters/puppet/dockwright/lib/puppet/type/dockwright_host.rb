# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'host',
  'A whole host, as one spec describes it.'
)
