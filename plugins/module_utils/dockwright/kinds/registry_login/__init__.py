"""Logins at registries, as the docker command keeps them."""
