# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'image',
  'An image: pulled, loaded or built.'
)
