"""Kind `project`: many objects of one owner, and Compose files turned into a document."""
