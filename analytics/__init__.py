"""What the words mean.

Summaries whose every statement points at phrases, checked by code before anybody sees it.
"""
