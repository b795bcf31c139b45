"""The command line of dockwright."""
