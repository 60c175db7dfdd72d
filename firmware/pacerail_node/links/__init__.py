"""The links to the host. A link has `readinto(buffer)` (what is there now, 0 if nothing; never waits) and
`write(buffer, count)`.
"""
