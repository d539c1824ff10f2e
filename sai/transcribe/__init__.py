"""`manage.py transcribe`: files on disk through the same pipeline as everything else.

`standalone` starts servers when none run · `files` looks at what was given · `journey` takes them
in and follows them · `result` writes what was asked for.
"""
