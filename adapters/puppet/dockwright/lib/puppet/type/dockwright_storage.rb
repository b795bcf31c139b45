# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'storage',
  'Storage driver, data-root and image store.'
)
