"""`/api/user/v1/` from outside: every field of every answer, every refusal in its own shape."""
