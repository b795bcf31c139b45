# frozen_string_literal: true

# All specs in all phases through the Puppet module, as an agent does it: a compiled catalog is
# turned into types, and applied. The same input and output as of chef_specs.rb.

$LOAD_PATH.unshift(File.expand_path('../../adapters/puppet/dockwright/lib', __dir__))
require 'puppet'
require 'puppet_x/dockwright/options'

NAMED = PuppetX::Dockwright::NAMED
# Everything else comes after these, and is skipped where one of them has failed.
APART = %w[storage firewall daemon registry_login].freeze

def resource(name, kind, options)
  known, unknown = options.partition { |key, _| PuppetX::Dockwright::OPTIONS[kind].key?(key) }
  parameters = known.to_h.compact # as a compiler does with what is undefined
  left = unknown.to_h.reject { |key, _| %w[name state].include?(key) && PuppetX::Dockwright::STATES[kind] }
  left.delete('name') if NAMED.include?(kind)
  parameters['ensure'] = options['state'] if options['state']
  parameters['spec'] = left unless left.empty?
  title = NAMED.include?(kind) ? options.fetch('name') : name
  { 'type' => "Dockwright_#{kind}", 'title' => title, 'parameters' => parameters }
end

def applied(resources, check)
  Puppet[:noop] = check
  report = Puppet::Transaction::Report.new
  Puppet::Util::Log.newdestination(report)
  form = { 'name' => 'contract', 'version' => 1, 'environment' => 'production',
           'resources' => resources, 'edges' => [], 'classes' => [] }
  Puppet::Resource::Catalog.from_data_hash(form).to_ral.apply(report: report)
  report
ensure
  Puppet::Util::Log.close(report)
end

# Without what Puppet says around our words in noop; Puppet 7 says more than 8.
def ours(text)
  text.delete_suffix(' (noop)').sub(/\Acurrent_value (.*), should be \w+\z/m, '\1')
end

def outcome(report, reference)
  status = report.resource_statuses.fetch(reference)
  events = status.events
  logs = report.logs.select { |log| log.source.end_with?(reference, "#{reference}/ensure") }
  errors = logs.select { |log| log.level.eql?(:err) }.map(&:message)
  # What Puppet says before our words, and after them.
  errors = errors.map { |text| text.delete_prefix('Could not evaluate: ').sub(/\A.* failed: /, '') }
  texts = status.failed ? errors : events.map { |event| ours(event.message) }
  warnings = logs.select { |log| log.level.eql?(:warning) }.map(&:message)
  { failed: status.failed ? true : false, skipped: status.skipped ? true : false,
    changed: !status.failed && events.any?, text: texts.join("\n"), warnings: warnings }
end

Puppet.initialize_settings(['--confdir', '/tmp/puppet', '--vardir', '/tmp/puppet/var'])
found = JSON.parse($stdin.read).map do |phase, check, specs|
  groups = specs.group_by { |_, kind, _| APART.include?(kind) ? kind : '' }
  results = groups.values.flat_map do |group|
    resources = group.to_h { |name, kind, options| [name, resource(name, kind, options)] }
    report = applied(resources.values, check)
    resources.map { |name, it| [name, outcome(report, "#{it['type']}[#{it['title']}]")] }
  end
  [phase, results]
end
puts JSON.generate(found)
