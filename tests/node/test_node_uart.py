"""The UART link: who drives the pair and for how long, what has come by when, and that nothing waits for longer."""

import sys

from serial_fakes import Pin, Uart, clock, take_over

FRAME = bytearray(300)


def link(baud=1_000_000, de=18):
    spec = {"kind": "rs485", "uart": 0, "tx": 16, "rx": 17, "baud": baud}
    if de is not None:
        spec["de"] = de
    made = take_over("pacerail_node.links.uart").Link(spec)
    return made, Uart.made[-1]


def test_the_uart_is_set_up_as_the_config_says():
    _, uart = link(baud=250_000)
    settings = uart.settings
    assert uart.number == 0 and settings["baudrate"] == 250_000
    assert (settings["tx"].number, settings["rx"].number) == (16, 17)
    assert settings["txbuf"] > 300 and settings["rxbuf"] > 300, "more than a frame"
    assert Pin.made[17].pull == Pin.PULL_UP, "while the board talks nobody drives it"
    assert Pin.made[18].level == 0, "listens from the start"


def test_the_driver_is_on_from_before_the_first_byte_until_the_last_has_left():
    """Whatever the UART says in the moment after a write, in which nothing is being sent yet."""
    for baud in (115_200, 250_000, 1_000_000):
        for count in (12, 40, 110, 287):
            for lag in (0, 3, 50):
                made, uart = link(baud)
                uart.lag = lag
                driver = Pin.made[18]
                before = clock.now
                made.write(FRAME, count)
                assert driver.changes[0] <= uart.begun - 20 and uart.sent == count
                waited = clock.now - before
                assert waited <= 3100, waited
                if waited < count * uart.byte_us:
                    assert driver.level == 1
                    while driver.level:
                        assert not made.any()
                assert uart.gone <= driver.changes[1] <= uart.gone + 20
                assert driver.changed == 2


def test_a_uart_that_never_ends_leaves_the_pair_to_the_others():
    made, uart = link()
    uart.stuck = True
    before = clock.now
    made.write(FRAME, 100)
    assert Pin.made[18].level == 0 and clock.now - before < 1000 + 21_000


def test_without_a_driver_pin_nothing_is_switched_and_nothing_waited_for():
    made, uart = link(115_200, None)
    before = clock.now
    made.write(FRAME, 287)
    assert uart.sent == 287 and clock.now - before < 100


def quiet(made):
    """Look until something is there to be read; the tick at which it was."""
    for _ in range(1000):
        if made.any():
            return clock.now
    raise AssertionError("nothing has come")


def test_only_what_had_come_when_it_was_asked_is_read():
    """The arrival is stamped before: what comes after the stamp is of the next one."""
    made, uart = link()
    buffer = bytearray(128)
    assert not made.any() and made.readinto(buffer) == 0
    uart.come = 10
    quiet(made)
    uart.come += 5
    assert made.readinto(buffer) == 10
    assert made.readinto(buffer) == 0, "not without asking again"
    quiet(made)
    assert made.readinto(buffer) == 5
    uart.come = 300
    assert made.any() and made.readinto(buffer) == 128 and made.any() and uart.come == 172


def test_a_frame_is_stamped_when_its_last_byte_was_seen():
    """Not when its first was, nor when it was sure that no more followed."""
    for baud in (115_200, 250_000, 1_000_000):
        made, uart = link(baud)
        for _ in range(20):
            assert not made.any(), "more may follow"
            clock.now += uart.byte_us
            uart.come += 1
        last = clock.now
        done = quiet(made)
        assert 0 <= made.arrived() - last <= 10, "seen at the next look"
        assert done - last <= 6 * uart.byte_us + 20
        assert made.readinto(bytearray(128)) == 20


def test_nothing_is_allocated():
    if sys.implementation.name != "micropython":
        return
    import micropython

    made, uart = link()
    buffer = bytearray(128)
    micropython.heap_lock()
    try:
        for _ in range(3):
            uart.come = 20
            clock.now += 100
            made.any()
            clock.now += 100
            made.any()
            made.arrived()
            made.readinto(buffer)
            made.write(FRAME, 287)
            Pin.made[18].changed = 0
    finally:
        micropython.heap_unlock()
