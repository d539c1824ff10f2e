"""The REST door of summaries."""
