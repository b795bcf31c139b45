# frozen_string_literal: true

# The library that the Puppet module and the Chef cookbook share, against the real command line.
# Run it where `dockwright` and an engine are: rspec spec/serve_spec.rb

require_relative(ENV.fetch('DOCKWRIGHT_SERVE'))

# Stands for Puppet's Sensitive.
Wrapped = Struct.new(:unwrap)

RSpec.describe Dockwright::Serve do
  subject(:serve) { described_class.new }

  after { serve.close }

  let(:volume) { { 'kind' => 'volume', 'name' => 'rspec-volume' } }

  it 'plans and applies in one process' do
    expect(IO).to receive(:popen).once.and_call_original
    expect(serve.ask('plan', [volume]).first).to include('changed' => true, 'failed' => false)
    expect(serve.ask('apply', [volume]).first['lines'])
      .to eq(['volume rspec-volume: create (is not there) [none]'])
    expect(serve.ask('plan', [volume]).first['changed']).to be(false)
    expect(serve.applied).to eq(1)
    gone = serve.ask('apply', [volume.merge('state' => 'absent')]).first
    expect(gone['lines'].first).to start_with('volume rspec-volume: delete')
  end

  it 'returns the results of the others when one fails' do
    results = serve.ask('plan', [volume.merge('driverr' => 1), volume])
    expect(results.map { |result| result['failed'] }).to eq([true, false])
    expect(results.first['message']).to include("Did you mean 'driver'?")
  end

  it 'says what is wrong with a request, and goes on' do
    expect { serve.ask('plan', [{ 'kind' => 'pod' }]) }
      .to raise_error(Dockwright::Failure, /resources\[0\] has no known kind/)
    expect(serve.ask('plan', [volume]).first['failed']).to be(false)
  end

  it 'says that the command is missing' do
    expect { described_class.new('/nowhere/dockwright').ask('plan', []) }
      .to raise_error(Dockwright::Failure, /not there\. Install the Python package dockwright/)
  end

  it 'repeats the last words of a process that dies' do
    expect { described_class.new('/usr/bin/python3').ask('plan', []) }
      .to raise_error(Dockwright::Failure, /dockwright has ended: .*serve/)
  end

  it 'hangs up when the next run begins' do
    run = Object.new
    first = described_class.of(run)
    expect(described_class.of(run)).to be(first)
    expect(first).to receive(:close)
    expect(described_class.of(Object.new)).not_to be(first)
  end
end

RSpec.describe Dockwright do
  it 'takes out what is wrapped, and keeps its texts apart' do
    secrets = []
    wrapped = Wrapped.new({ 'A' => 's3cret', b: [1, true] })
    plain = described_class.plain({ env: wrapped, n: nil }, secrets)
    expect(plain).to eq('env' => { 'A' => 's3cret', 'b' => [1, true] }, 'n' => nil)
    expect(secrets).to eq(%w[s3cret 1])
  end

  it 'finds the names that options mention' do
    expect(described_class.words({ 'back' => { aliases: ['www'] } })).to include('back')
    expect(described_class.words(['data:/var/lib'])).to include('data', '/var/lib')
    expect(described_class.words('nginx:1.27')).to include('nginx:1.27')
    expect(described_class.words(nil)).to eq([])
  end
end
