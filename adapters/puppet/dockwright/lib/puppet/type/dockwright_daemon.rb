# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'daemon',
  'Keys of daemon.json, validated and applied by a reload where that is enough.'
)
