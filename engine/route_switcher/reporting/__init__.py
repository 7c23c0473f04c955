"""The report that an administrator shows to a provider: what a journal says of lines and users.

`lists` and `figures` say in words what an account (`route_switcher.past`) holds. `text`, `page` and
`data` show them in a terminal, as HTML, and to programs. `clock` writes times of day.
"""
