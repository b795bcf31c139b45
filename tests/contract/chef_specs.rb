# frozen_string_literal: true

# All specs in all phases through the library of the Chef cookbook, in one process.
# Standard input: [[phase, check, [[name, kind, options], …]], …]; standard output: what came of it.

require_relative '../../adapters/chef/cookbooks/dockwright/libraries/wish'

def outcome(serve, kind, title, options, check)
  wish = Dockwright::Wish.new(serve, kind, title, options)
  lines = wish.plan
  lines = wish.apply unless check || lines.empty?
  { failed: false, changed: lines.any?, text: lines.join('; '), warnings: wish.warnings.uniq }
rescue Dockwright::Failure => e
  { failed: true, changed: false, text: e.message, warnings: wish.warnings.uniq }
end

serve = Dockwright::Serve.new
found = JSON.parse($stdin.read).map do |phase, check, specs|
  results = specs.map do |name, kind, options|
    [name, outcome(serve, kind, options.fetch('name', name), options, check)]
  end
  [phase, results]
end
puts JSON.generate(found)
