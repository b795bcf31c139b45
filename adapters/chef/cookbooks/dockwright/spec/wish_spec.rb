# frozen_string_literal: true

# The library of the cookbook against the real command line and a real engine.

require_relative '../libraries/wish'

RSpec.describe Dockwright::Wish do
  let(:serve) { Dockwright::Serve.new }
  let(:image) { ENV.fetch('DOCKWRIGHT_IMAGE') }
  let(:spec) do
    { image: image, environment: { PASSWORD: 'hidden-word' }, stop_grace_period: '0s' }
  end

  after { serve.close }

  def wish(spec, name: 'rspec-web', **more)
    described_class.new(serve, 'container', name, spec, **more)
  end

  it 'plans, applies, and has nothing left to do' do
    expect(wish(spec).plan).to eq(['container rspec-web: create (is not there) [none]'])
    expect(wish(spec).apply.length).to eq(1)
    expect(wish(spec).plan).to eq([])
    more = spec.merge(mem_limit: '64m', 'environment' => { 'PASSWORD' => 'another-word' })
    lines = wish(more.reject { |key| key.eql?(:environment) }).plan
    expect(lines.join).to include('mem_limit: (none) -> 64m', 'PASSWORD: ******** -> ********')
    expect(lines.join).not_to match(/hidden-word|another-word/)
    expect(wish(spec.merge(state: 'absent')).apply.first).to start_with('container rspec-web: del')
  end

  it 'fails with the words of the core' do
    expect { wish(spec.merge(mem_limit: 'lots')).plan }
      .to raise_error(Dockwright::Failure, /containers.rspec-web.mem_limit: is not a size: 'lots'/)
  end

  it 'covers all values where the resource is sensitive' do
    secret = { image: image, mem_limit: 'unspeakable' }
    expect { wish(secret, covered: true).plan }
      .to raise_error(Dockwright::Failure, /is not a size: '\*{8}'/)
  end

  it 'starts one process for twenty objects of a run' do
    expect(IO).to receive(:popen).once.and_call_original
    run = Object.new
    twenty = Array.new(20) do |number|
      described_class.new(Dockwright::Serve.of(run), 'volume', "rspec-#{number}", {})
    end
    expect(twenty.flat_map(&:apply).length).to eq(20)
    expect(twenty.flat_map(&:plan)).to eq([])
    Dockwright::Serve.of(run).close
  end

  it 'knows kinds of which a host has one' do
    daemon = described_class.new(serve, 'daemon', 'any title', { config: {} })
    expect(daemon.plan).to eq([])
  end
end
