"""What people of a conference decide: rights by role, consent, and who is left out."""
