"""Kind `network`."""
