"""Kind storage: driver, image store, userns-remap and data-root, changed without losing content."""
