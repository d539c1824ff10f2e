"""Asking others over HTTP: one guarded way out.

`guard` decides which addresses may be reached, `clients` makes httpx2 clients that ask it at every
connection, `exchange` is one question with a limit on its time and on the answer's size.
"""
