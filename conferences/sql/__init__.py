"""The statements of this app, one round trip each, on the database's clock.

`polling` who looks at which server and what it found · `downloads` the queue of tracks ·
`sessions` what a session still lacks.
"""
