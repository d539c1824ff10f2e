"""A TrueConf Server that is not one: real HTTP and sockets, everything in memory, faults by switch.

It speaks what the public clients of the vendor speak (OAuth, v4, v3.3, chat bot) and what
docs/fake-tcs.md says about the rest. No Django: `python -m conferences.fake_tcs` runs it.
"""
