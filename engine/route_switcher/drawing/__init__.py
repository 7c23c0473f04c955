"""How time is drawn, in a terminal and on a page, whatever it was that happened.

It knows uplinks by their names only, and nothing of policies. `share` and `stretches` take what
happened as time goes on, and keep no more of it than a picture shows. `terminal` draws with
characters. A page is made of a `document`, with `timeline` (of the lanes and bars in `picture`,
which look as `look` says) and `tables`; `markup` sees to it that what comes from outside is text.
`axis` says where the time is written. A page needs no script, and loads nothing.
"""
