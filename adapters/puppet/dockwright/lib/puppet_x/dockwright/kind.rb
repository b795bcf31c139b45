# frozen_string_literal: true

# The types of all kinds and their provider. Options come from options.rb, which is made from the
# core's rows; whether something is to be changed, and what is said of it, comes from the core.

require_relative 'options'
require_relative 'serve'

module PuppetX
  module Dockwright
    SERVE = ::Dockwright::Serve
    SERVE.tool = 'Puppet'
    # What is made ready before everything else, in this order.
    HOST = %w[storage firewall daemon registry_login].freeze
    PACKAGES = %w[dockwright docker.io docker-ce moby-engine].freeze
    # An object comes after what these options mention.
    MENTIONS = {
      dockwright_plugin: [:driver],
      dockwright_network: [:networks],
      dockwright_volume: [:volumes],
      dockwright_image: [:image],
      dockwright_container: %i[depends_on links network_mode pid ipc volumes_from],
    }.freeze

    # What every type has in common.
    module Kind
      # Puppet takes the wrapping off, and says only which parameters had one.
      def set_sensitive_parameters(names)
        @wrapped = names
      end

      # The resource as a request has it.
      def request
        secrets = (@wrapped || []).flat_map { |name| ::Dockwright.texts(self[name]) }
        given = ::Dockwright.plain(self[:spec] || {}, secrets)
        OPTIONS.fetch(kind).each_key do |option|
          value = self[option.to_sym]
          given[option] = ::Dockwright.plain(value, secrets) unless value.nil?
        end
        given['name'] = self[:name] if NAMED.include?(kind)
        given['state'] = self[:ensure].to_s if STATES[kind]
        given.merge('kind' => kind, 'secrets' => secrets)
      end

      def kind
        self.class.name.to_s.delete_prefix('dockwright_')
      end

      # The resources of the catalog that come before this one.
      def earlier
        there = catalog.resources.group_by(&:type)
        host = HOST.take(HOST.index(kind) || HOST.size)
        found = host.flat_map { |other| there.fetch(:"dockwright_#{other}", []) }
        named.slice(*there.keys).each do |type, names|
          found.concat(names.map { |name| catalog.resource(type, name) }.compact)
        end
        found
      end

      # The names, by type, of what this one may need.
      def named
        return { package: PACKAGES } if HOST.include?(kind)

        others = MENTIONS.transform_values { |options| mentioned(options) }
        { package: PACKAGES, service: ['docker'], **others }
      end

      def mentioned(options)
        options.select { |option| self.class.validattr?(option) }
               .flat_map { |option| ::Dockwright.words(self[option]) } - [self[:name]]
      end
    end

    # A running container is restarted when what it subscribes to has changed.
    module Refresh
      def refresh
        provider.restart if self[:ensure].eql?(:running)
      end
    end

    # What every provider has in common.
    module Provider
      # The plans of all resources of a type, in one request.
      module Prefetch
        def prefetch(resources)
          serve = SERVE.of(resources.values.first.catalog)
          plans = serve.ask('plan', resources.values.map(&:request))
          resources.values.zip(plans) { |resource, plan| resource.provider.prefetched(plan) }
        rescue ::Dockwright::Failure
          nil # each resource asks by itself, and fails with the reason
        end
      end

      def prefetched(plan)
        @plan = plan
        @applied = serve.applied
      end

      # The core's plan, made anew where something was applied since, or where it had failed.
      def plan
        is_known = @plan && !@plan['failed'] && @applied.eql?(serve.applied)
        prefetched(ask('plan', resource.request)) unless is_known
        told(@plan)
      end

      def apply(more = {})
        @done = told(ask('apply', resource.request.merge(more)))
      end

      def restart
        apply('state' => 'restarted')
      end

      # What the core says of the changes, made or planned.
      def lines
        (@done || @plan).fetch('lines').join('; ')
      end

      private

      def serve
        SERVE.of(resource.catalog)
      end

      def ask(verb, request)
        serve.ask(verb, [request]).first
      rescue ::Dockwright::Failure => e
        raise Puppet::Error, e.message
      end

      def told(result)
        news = (result['warnings'] + result['notes']) - (@warned ||= [])
        news.each { |text| resource.warning(text) }
        @warned.concat(news)
        raise Puppet::Error, result['message'] if result['failed']

        result
      end
    end

    # Define the type of a kind.
    def self.type(kind, about)
      Puppet::Type.newtype(:"dockwright_#{kind}") do
        @doc = about
        include Kind
        PuppetX::Dockwright.parameters(self, kind)
        PuppetX::Dockwright.ensure_property(self, STATES.fetch(kind, ['present']))
        # As resources, not as names: to look a name up, Puppet loads the type with all its
        # providers, and those of packages alone take it longer than the rest of a run.
        autorequire(name) { earlier }
        include Refresh if kind.eql?('container')

        provide(:serve) do
          desc 'Asks one process of `dockwright serve --json` for the whole run.'
          include Provider
          extend Provider::Prefetch
        end
      end
    end

    def self.parameters(type, kind)
      type.newparam(:name, namevar: true) do
        desc(NAMED.include?(kind) ? "The name of the #{kind}." : 'A title, for Puppet alone.')
      end
      type.newparam(:spec) { desc 'Options as one hash; those that stand beside it win.' }
      OPTIONS.fetch(kind).each { |option, text| type.newparam(option.to_sym) { desc text } }
    end

    # The one property: in sync exactly if the core's plan is empty.
    def self.ensure_property(type, states)
      type.newproperty(:ensure) do
        desc 'What there should be; it is changed if the plan of `dockwright` has changes.'
        newvalues(*states.map(&:to_sym))
        defaultto states.first.to_sym
        define_method(:retrieve) { provider.plan['changed'] ? provider.lines : should }
        define_method(:insync?) { |_| !provider.plan['changed'] }
        define_method(:set) { |_| provider.apply }
        define_method(:is_to_s) { |_| provider.lines }
        define_method(:should_to_s) { |value| value.to_s }
        define_method(:change_to_s) { |_, _| provider.lines }
      end
    end
  end
end
