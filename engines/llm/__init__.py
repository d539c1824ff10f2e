"""Language models: a question in, a checked value out.

Plain values and one Protocol (base.py), one file per vendor, a fake, and a getter (registry.py).
"""
