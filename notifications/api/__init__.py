"""The event stream over HTTP: long poll and SSE.

`doors` answers under ASGI without holding a thread per waiting client; `views` describes both
addresses for OpenAPI and answers at once wherever there is no event loop.
"""
