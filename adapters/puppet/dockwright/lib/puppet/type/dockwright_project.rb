# frozen_string_literal: true

require_relative '../../puppet_x/dockwright/kind'

PuppetX::Dockwright.type(
  'project',
  'A project: networks, volumes, images and containers with one owner.'
)
