"""Knowing the boards: what is plugged in, which of them is which on the rail, and whether each does what it should.

`candidates` says which ports may be asked, `probe` asks one, `listing` holds the answers against the rail file, `hand`
keeps boards at hand while a person looks at the rail; `trial`, `exchange` and `survey` are what is done with them.
"""
