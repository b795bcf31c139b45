# frozen_string_literal: true

name 'dockwright'
maintainer 'The dockwright authors'
maintainer_email 'dockwright@example.org'
license 'GPL-3.0-or-later'
description 'Docker hosts as code: containers, networks, daemon, storage and firewall'
version '0.1.0'
chef_version '>= 16.0'
supports 'debian', '>= 12.0'
source_url 'https://github.com/dockwright/dockwright'
issues_url 'https://github.com/dockwright/dockwright/issues'
