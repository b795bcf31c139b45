"""The only edge to the Docker Engine: one narrow interface, a few transports, one fake."""
