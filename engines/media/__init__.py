"""Opens foreign sound safely: `reading` (inspect, decode) and `encode` (our own PCM to a file).

The bytes decide the format (`sniff`); a small preloaded process (`server`, `zygote`) forks one
child per file, which has limits, no network and an empty root (`sandbox`) and does the work of
`decoding`. Values stand in `base`, refusals with their words in `verdicts`.
"""
