"""The ground every other package stands on.

Errors, outgoing HTTP, encryption, API conventions, limits and base models. Imports nothing of ours.
"""
