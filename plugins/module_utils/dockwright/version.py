"""The one place that knows the version of the collection and the wheel."""

VERSION = "0.1.0"
