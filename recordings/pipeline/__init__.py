"""The pipeline: what a step promises, how one is claimed, kept, settled and swept.

`step` the promise · `statements` the SQL · `leases` claim, settle, sweep · `pulse` heartbeats ·
`runner` executes one claimed step · `remote` claims of engines, `errand` what they are told.
"""
