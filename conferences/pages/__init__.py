"""Pages of this app: what a recording's page says of its conference, and signing in."""
