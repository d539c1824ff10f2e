"""Webhooks: signed events to addresses that an administrator gave.

`making` writes one delivery for each event and webhook, `sending` sends them in order of each
object, `signing` says how a receiver knows that they are ours (docs/webhooks.md).
"""
