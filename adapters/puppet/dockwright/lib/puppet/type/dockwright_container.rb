# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'container',
  'A container, made as its options say and kept so. Options are those of the spec.'
)
