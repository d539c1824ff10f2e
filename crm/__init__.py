"""Customers, and the systems that know them.

Portals, entities and sending to them. Its features come with the telephony issues.
"""
