"""Stories about bringing meetings from servers here."""
