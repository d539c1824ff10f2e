"""A transcript as a file: txt, srt, vtt, json, docx.

Pure functions over plain values (`base`); a new format is one file and one line in `registry`.
"""
