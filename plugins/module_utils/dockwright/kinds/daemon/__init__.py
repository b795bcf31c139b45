"""Kind `daemon`: the keys of daemon.json, changed with the least disruption."""
