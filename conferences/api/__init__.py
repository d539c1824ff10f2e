"""The REST doors of connections and conferences."""
