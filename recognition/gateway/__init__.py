"""The engine gateway: programs that connect to us, take steps of the pipeline and bring results.

`hub` one per web process · `link` one engine's connection · `offers` what it is given ·
`settling` what it brings · `register` who it is · `exchange` and `signing` where sound lies.
"""
