"""Kind `volume`."""
