"""One folder for each kind of thing we manage."""
