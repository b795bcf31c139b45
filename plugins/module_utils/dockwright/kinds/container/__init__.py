"""Kind `container`: Compose service keys, live updates, safe replacement."""
