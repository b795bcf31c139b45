"""The core of dockwright: observe, plan and apply the state of a Docker host."""
