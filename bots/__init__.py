"""The secretary.

Dialogs, personas, tools, channels and voice sessions.
"""
