"""Ways by which a meeting server tells its own people (`NOTICE_CHANNELS` in wiring).

`call` is the server's own notice about a conference, `chat` a message of the connection's bot;
`bots` keeps the bots signed in.
"""
