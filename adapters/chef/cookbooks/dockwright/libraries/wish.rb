# frozen_string_literal: true

# What a resource wishes for: its request, the core's plan of it, and the plan carried out. Nothing
# here knows Chef; resources/partial/_kind.rb is between the two.

require_relative 'serve'

Dockwright::Serve.tool = 'Chef' # the name alone: whose words are spoken

module Dockwright
  # One object, as a resource describes it.
  class Wish
    # Kinds whose objects have names; of the others there is one on a host.
    NAMED = %w[container image network volume plugin registry_login project].freeze

    attr_reader :warnings

    # With `covered` no value of the spec is shown, not only those that are known to be secret.
    def initialize(serve, kind, name, spec, covered: false)
      @serve = serve
      @warnings = []
      secrets = []
      plain = Dockwright.plain(spec, secrets)
      secrets.concat(Dockwright.texts(plain)) if covered
      named = NAMED.include?(kind) ? { 'name' => name } : {}
      @request = { **plain, **named, 'kind' => kind, 'secrets' => secrets }
    end

    # What would be done: each change in words, as the core has them.
    def plan
      ask('plan')
    end

    # Do it; what was done.
    def apply
      ask('apply')
    end

    private

    def ask(verb)
      result = @serve.ask(verb, [@request]).first
      @warnings.concat(result['warnings'], result['notes'])
      raise Failure, result['message'] if result['failed']

      result['lines']
    end
  end
end
