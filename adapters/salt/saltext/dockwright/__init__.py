"""dockwright for Salt: states and execution modules, found by the entry point ``salt.loader``."""
