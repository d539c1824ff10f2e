"""A remote engine: it connects to the gateway and works, without Django and without a database.

`python -m engines.agent --server wss://host/ws/supervisor --token-file FILE`. The program talks
(program, connection, agent, keeping), its children work (slots, then worker and what it imports).
"""
