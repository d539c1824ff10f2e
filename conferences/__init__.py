"""Where meetings come from: connections to meeting servers, their conferences and tracks.

`background` looks for conferences, `scheduler` brings their tracks, `platforms` speaks to the
servers. A conference's session becomes a recording; from there the pipeline goes on.
"""
