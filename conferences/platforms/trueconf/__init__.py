"""TrueConf Server: v4 of its API, v3 where the server is older.

`client` asks over HTTP, `tokens` keeps one token for all processes, `v4` and `v3` know what each
generation calls things, `driver` is what others get. What is not public stands in `unstated`.
"""
