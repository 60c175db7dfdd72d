"""The links to the host. A link has `any()` (whether bytes have come), `readinto(buffer)` (what is there now, 0 if
nothing; never waits) and `write(buffer, count)`.
"""


def open_link(spec):
    """The link that board.json asks for: {"kind": "usb"}, or "rs485" or "uart" with what `uart` wants; None is USB."""
    if spec is None or spec["kind"] == "usb":
        from pacerail_node.links.usb import Link

        return Link()
    from pacerail_node.links.uart import Link as Serial

    return Serial(spec)
