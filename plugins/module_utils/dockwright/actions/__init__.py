"""What is done once and has no state to keep: commands in containers."""
