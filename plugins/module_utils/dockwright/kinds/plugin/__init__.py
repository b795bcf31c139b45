"""Managed plugins of the engine: drivers of volumes and networks, and more, that it runs itself."""
