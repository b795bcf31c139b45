"""Kind `image`: pull, load and exact identity."""
