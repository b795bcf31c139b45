# frozen_string_literal: true

# What the resources of all kinds share.

unified_mode true

property :spec, Hash,
         default: {},
         description: 'The options, as in a spec of dockwright.'

action_class do
  # Bring about what the resource says; whether there is anything to do is the core's to say.
  def converge_kind(state = nil)
    wish = wish_for(state)
    lines = wish.plan
    converge_by(lines) { wish.apply } unless lines.empty?
    wish.warnings.uniq.each { |text| Chef::Log.warn("#{new_resource}: #{text}") }
  end

  def wish_for(state)
    spec = state ? new_resource.spec.to_h.merge('state' => state) : new_resource.spec
    kind = new_resource.declared_type.to_s.delete_prefix('dockwright_')
    # The node stands for the run: one process for all resources.
    serve = Dockwright::Serve.of(node)
    Dockwright::Wish.new(serve, kind, new_resource.name, spec, covered: new_resource.sensitive)
  end
end
