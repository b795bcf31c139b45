"""The same specs through every front end: the same plan, end state, refusals and masks."""
