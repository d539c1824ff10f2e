"""What others may ask of conferences: connections, joining, trying again, consent, people."""
