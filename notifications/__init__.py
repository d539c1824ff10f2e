"""What happened, in order.

The event stream (WebSocket, SSE, long poll) with numbers that are never overtaken, and notices made
from it.
"""
