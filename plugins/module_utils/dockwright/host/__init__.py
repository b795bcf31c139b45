"""The only edge to the host: files, commands, systemd, memory and lock; everything is injected."""
