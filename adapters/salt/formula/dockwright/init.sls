{#-
  A Docker host out of the pillar `dockwright`, in stages that require each other: the daemon's
  configuration (so that a new engine's first start is the only one), the engine, storage, firewall,
  what is in no project, projects.
-#}
{%- from tpldir ~ "/map.jinja" import host, engine, unknown with context %}
{%- set stage = {"before": [], "now": []} %}

{%- macro state(function, name, options) %}
{%- set kind = function.partition(".")[0] %}
{%- do stage.now.append({kind: kind ~ " " ~ name}) %}
{{ (kind ~ " " ~ name) | json }}:
  {{ function }}:
    - name: {{ name | json }}
{%- for key, value in options.items() if key != "state" %}
    - {{ {key: value} | json }}
{%- endfor %}
{%- if stage.before %}
    - require: {{ stage.before | json }}
{%- endif %}
{% endmacro %}

{%- macro next() %}
{%- if stage.now %}{%- do stage.update({"before": stage.now, "now": []}) %}{%- endif %}
{%- endmacro %}

{#- The objects' state keeps the logins; a project pulls with them, and nobody is asked again. -#}
{%- set logins, credentials = host.registries or {}, {} %}
{%- for registry, login in logins.items() if login is mapping and login.get("state") != "absent" %}
{%- set given = dict(login) %}{%- do given.pop("verify", none) %}
{%- do credentials.update({registry: given}) %}
{%- endfor %}

{%- if unknown %}
dockwright pillar:
  test.fail_without_changes:
    - name: {{ ("pillar dockwright has unknown sections: " ~ unknown | join(", ")) | json }}
    - failhard: true
{%- do stage.now.append({"test": "dockwright pillar"}) %}
{{- next() }}
{%- endif %}

{%- if host.daemon %}
{{- state("dockwright_daemon.configured", "daemon", dict(host.options, config=host.daemon)) }}
{%- endif %}
{{- next() }}
{%- if host.dns %}
{%- set keys = {"servers": "dns", "search": "dns-search", "options": "dns-opts"} %}
{%- set config = {} %}
{%- for name, value in host.dns.items() %}{%- do config.update({keys.get(name, name): value}) %}{%- endfor %}
{{- state("dockwright_daemon.configured", "dns", dict(host.options, config=config, scope="dns")) }}
{%- endif %}
{{- next() }}

{%- if host.engine %}
{%- set packages = {"pkgs": engine.packages} %}
{%- if engine.hold %}{%- do packages.update({"hold": True}) %}{%- endif %}
{{- state("pkg.installed", "engine", packages) }}
{{- next() }}
{{- state("service.running", engine.service, {"enable": True}) }}
{{- next() }}
{%- endif %}

{%- if host.storage %}
{{- state("dockwright_storage.configured", "storage", dict(host.options, **host.storage)) }}
{%- endif %}
{{- next() }}
{%- if host.firewall %}
{{- state("dockwright_firewall.configured", "firewall", dict(host.options, **host.firewall)) }}
{%- endif %}
{{- next() }}

{%- set objects = {} %}
{%- for section in ("plugins", "images", "networks", "volumes", "containers") if host[section] %}
{%- do objects.update({section: host[section]}) %}
{%- endfor %}
{%- if logins %}{%- do objects.update({"registries": logins}) %}{%- endif %}
{%- if objects %}
{%- do objects.update(host.options) %}
{#- One state: in test mode a container finds the network that is still to be made. -#}
{{- state("dockwright_host.applied", "objects", objects) }}
{%- endif %}
{{- next() }}
{%- for name, options in (host.projects or {}).items() %}
{%- set given = dict(host.options) %}
{%- if credentials %}{%- do given.update({"registries": credentials}) %}{%- endif %}
{%- do given.update(options or {}) %}
{{- state("dockwright_project.applied", name, given) }}
{%- endfor %}

{%- if not stage.before and not stage.now %}
dockwright pillar:
  test.configurable_test_state:
    - name: dockwright
    - changes: false
    - result: true
    - comment: the pillar dockwright is empty, so the Docker host is left as it is
{%- endif %}
