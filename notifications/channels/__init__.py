"""Ways by which a notice reaches a person.

`base` says what a channel promises, `mail` is e-mail, `registry` finds those that `NOTICE_CHANNELS`
in wiring names: a new one is one class and one line there. The page of notices needs none.
"""
