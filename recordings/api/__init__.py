"""The REST door of recordings, under /api/v1/recordings/.

`listing` · `one` · `work` (process, cancel, runs) · `audio` · `access` are the views; `find` gives
the recording a caller may have, `shapes` writes it, `schemas` describes what goes in and out.
Other apps add their own addresses below recordings/{id}/ in `sai/api_urls.py` and use `find`.
"""
