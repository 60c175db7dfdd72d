"""The console of a race night: a page in a browser, and the server behind it.

The race runs in its own event loop, and the server in another one in a thread of its own. Between the two go bytes that
nobody changes any more, and orders with their answers; neither ever waits for the other.
"""
