# @summary A Docker host, as one hash describes it.
#
# The hash is a spec of dockwright, as it stands in Hiera under `dockwright::spec`; hashes of
# several levels are merged deeply.
#
# @param spec
#   The spec: daemon, storage, firewall, networks, volumes, images, containers and so on.
# @param packages
#   Packages to install before, the engine's for instance.
#
# @example
#   include dockwright
class dockwright (
  Variant[Hash[String, Any], Sensitive[Hash[String, Any]]] $spec = {},
  Array[String] $packages = [],
) {
  package { $packages:
    ensure => installed,
    before => Dockwright_host['this host'],
  }

  dockwright_host { 'this host':
    spec => $spec,
  }
}
