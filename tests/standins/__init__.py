"""Local servers that speak a vendor's protocol over real sockets, and misbehave on demand."""
