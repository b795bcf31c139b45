# frozen_string_literal: true

# One process of `dockwright serve --json` for a whole run: a request a line, an answer a line.
# The same file is in the Puppet module and in the Chef cookbook, and knows neither of them.

require 'json'
require 'tempfile'

module Dockwright
  # What went wrong, in words for the person who runs the tool.
  class Failure < StandardError; end

  # The process, and how often it has applied something.
  class Serve
    MISSING = 'the command %s is not there. Install the Python package dockwright on this host, ' \
              'or name the command in DOCKWRIGHT_COMMAND'

    attr_reader :applied

    class << self
      # The tool whose users read what is said.
      attr_accessor :tool
    end

    # The process of a run (any object stands for it); that of the run before ends.
    def self.of(run)
      return @current if @run.equal?(run)

      @current&.close
      @run = run
      @current = new
    end

    def initialize(command = ENV.fetch('DOCKWRIGHT_COMMAND', 'dockwright'))
      @command = command
      @applied = 0
    end

    # What became of the resources, in their order.
    def ask(verb, resources)
      start unless @pipe
      @applied += 1 if verb.start_with?('apply')
      @pipe.puts(JSON.generate(request(verb, resources)))
      answer = JSON.parse(@pipe.gets || raise(EOFError))
      raise Failure, answer['message'] if answer['message']

      answer['resources']
    rescue EOFError, SystemCallError => e
      raise Failure, last_words(e)
    rescue JSON::JSONError => e
      raise Failure, "dockwright cannot be understood, or given what it is to have: #{e.message}"
    end

    def close
      @pipe&.close
      @pipe = nil
    end

    private

    def request(verb, resources)
      { 'api' => 1, 'verb' => verb, 'tool' => self.class.tool, 'resources' => resources }
    end

    def start
      @errors = Tempfile.new('dockwright')
      @pipe = IO.popen([@command, 'serve', '--json', '--quiet'], 'r+:UTF-8', err: @errors.path)
      @pipe.sync = true
    end

    def last_words(error)
      return format(MISSING, @command) if error.is_a?(Errno::ENOENT)

      close
      words = File.read(@errors.path).strip
      "dockwright has ended: #{words.empty? ? error.message : words}"
    end
  end

  # A value as JSON has it. What is wrapped as sensitive is taken out, its texts go to `secrets`.
  def self.plain(value, secrets)
    case value
    when Hash then value.to_h { |key, item| [key.to_s, plain(item, secrets)] }
    when Array then value.map { |item| plain(item, secrets) }
    else
      return value unless value.respond_to?(:unwrap)

      plain(value.unwrap, secrets).tap { |inner| secrets.concat(texts(inner)) }
    end
  end

  # All single values in a value, as texts.
  def self.texts(value)
    case value
    when Hash then texts(value.values)
    when Array then value.flat_map { |item| texts(item) }
    when nil, true, false then []
    else [value.to_s]
    end
  end

  # The names that a value may mention: its keys and texts, whole and cut at colons.
  def self.words(value)
    keys = value.is_a?(Hash) ? value.keys.map(&:to_s) : []
    [*keys, *texts(value)].flat_map { |text| [text, *text.split(':')] }.uniq
  end
end
