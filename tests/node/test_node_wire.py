"""Frames through noise: what is whole gets through however it is chopped, and nothing else is taken for a frame."""

from node_fakes import Random, expect

from pacerail_node import wire

KEY = bytes(range(32))
CORRUPTIONS = 100_000


def packed(framer, payload, destination=7, source=0, sequence=1, kind=2, version=wire.VERSION):
    framer.body[wire.HEAD : wire.HEAD + len(payload)] = payload
    length = framer.pack(destination, source, sequence, kind, len(payload), version)
    return bytes(framer.out[:length])


def got(framer):
    """What the frame in a framer says."""
    assert framer.ready
    return (
        framer.version, framer.destination, framer.source, framer.sequence, framer.kind,
        bytes(framer.frame[wire.HEAD : wire.HEAD + framer.length]),
    )  # fmt: skip


def frames_of(framer, data, chunks=None):
    """All frames in some bytes, given to the framer in chunks of the sizes that `chunks` draws."""
    found = []
    at = 0
    while at < len(data):
        stop = len(data) if chunks is None else min(len(data), at + chunks.between(1, 40))
        piece = data[at:stop]
        inner = 0
        while inner < len(piece):
            inner = framer.accept(piece, inner, len(piece))
            if framer.ready:
                found.append(got(framer))
        at = stop
    return found


def random_said(random, longest=wire.MAX_PAYLOAD):
    """Version, destination, source, sequence, type and payload by chance."""
    payload = random.bytes(random.below(longest + 1))
    return (random.below(128), random.below(256), random.below(256), random.below(256), random.below(256), payload)


def pack_said(framer, said):
    version, destination, source, sequence, kind, payload = said
    return packed(framer, payload, destination, source, sequence, kind, version)


def junk(random, count):
    return bytes([random.between(1, 255) for _ in range(count)])


def test_frames_get_through_in_any_chunks():
    random = Random(30)
    for key in (None, KEY):
        sender, receiver = wire.Framer(key), wire.Framer(key)
        for _ in range(20):
            said = [random_said(random) for _ in range(random.between(1, 6))]
            data = b"".join([pack_said(sender, one) for one in said])
            for byte in (1, 3):
                assert byte not in data
            assert frames_of(receiver, data, random) == said
        assert receiver.bad == 0


def test_junk_and_cut_frames_between_cost_only_themselves():
    """A modem manager types at the port, a cable is pulled half-way: the next whole frame gets through."""
    random = Random(31)
    sender, receiver = wire.Framer(), wire.Framer()
    bad = 0
    for _ in range(200):
        said = random_said(random, 30)
        cut = pack_said(sender, random_said(random, 30))
        for noise in (b"AT\r\r\n", junk(random, random.between(1, 700)), cut[: random.between(2, len(cut) - 2)]):
            assert frames_of(receiver, noise + pack_said(sender, said), random) == [said]
            bad += 1
    assert receiver.bad == bad


def test_delimiters_alone_are_no_frames_and_no_damage():
    receiver = wire.Framer()
    assert frames_of(receiver, b"\0" * 50) == []
    assert receiver.bad == 0


def damage(random, data, other):
    """One frame's bytes after an accident: what noise, lost and doubled bytes or two senders at once make of it."""
    kind = random.below(7)
    out = bytearray(data)
    at = random.between(1, len(out) - 2)
    if kind == 0:
        out[at] ^= 1 << random.below(8)
    elif kind == 1:
        for _ in range(random.between(2, 6)):
            out[random.between(1, len(out) - 2)] ^= 1 << random.below(8)
    elif kind == 2:
        out = out[:at] + out[at + random.between(1, 3) :]
    elif kind == 3:
        out = out[:at] + junk(random, random.between(1, 3)) + out[at:]
    elif kind == 4:
        out = out[:at] + other[random.between(1, len(other) - 2) :]
    elif kind == 5:
        out[at : at + 4] = bytes([random.below(256) for _ in range(len(out[at : at + 4]))])
    else:
        out[at] = 0
    return bytes(out)


def fuzz(seed, corruptions):
    """So many damaged frames, none of which may be taken; returns how many were thrown away."""
    random = Random(seed)
    sender, receiver = wire.Framer(), wire.Framer()
    said = [random_said(random, 12) for _ in range(40)]
    whole = [pack_said(sender, one) for one in said]
    for k in range(corruptions // 100):
        a, b = random.below(40), random.below(40)
        stream = b"".join([b"\0" + damage(random, whole[a], whole[b]) + b"\0" for _ in range(100)])
        for frame in frames_of(receiver, stream):
            assert frame in (said[a], said[b]), ("a damaged frame got through", k)  # an accident may leave one whole
    return receiver.bad


def test_no_damaged_frame_is_taken():
    assert fuzz(32, CORRUPTIONS) > CORRUPTIONS * 9 // 10


def test_keyed_frames_cannot_be_forged_played_again_or_left_unsigned():
    random = Random(33)
    sender, receiver = wire.Framer(KEY, counter=1000), wire.Framer(KEY)
    stranger, plain = wire.Framer(bytes(32), counter=2000), wire.Framer()
    first = pack_said(sender, (1, 7, 0, 1, 9, b"go"))
    second = pack_said(sender, (1, 7, 0, 2, 9, b"go"))
    third = pack_said(sender, (1, 7, 0, 3, 9, b"go"))
    assert len(frames_of(receiver, second)) == 1
    for bad in (first, second, pack_said(stranger, (1, 7, 0, 3, 9, b"go")), pack_said(plain, (1, 7, 0, 3, 9, b"go"))):
        before = receiver.bad
        assert frames_of(receiver, bad) == []
        assert receiver.bad == before + 1
    # every bit of a signed frame counts, the head, the counter and the version's top bit too, with a right CRC
    clear = bytearray(third[1:-1])
    size = wire.kernels.unstuff(clear, len(clear)) - 4
    for bit in range(8 * size):
        forged = bytearray(clear[: size + 4])
        forged[bit >> 3] ^= 1 << (bit & 7)
        wire.checksum(forged, size, forged, size)
        out = bytearray(2 * size + 10)
        end = wire.kernels.stuff(out, 1, forged, size + 4)
        assert frames_of(receiver, bytes(out[:end]) + b"\0") == [], bit
    assert frames_of(receiver, third) == [(1, 7, 0, 3, 9, b"go")]
    for _ in range(20):
        said = random_said(random)
        assert frames_of(receiver, pack_said(sender, said)) == [said]


def test_a_board_without_a_key_takes_no_signed_frame():
    """It would read the signature as a part of the payload."""
    sender, receiver = wire.Framer(KEY), wire.Framer()
    assert frames_of(receiver, pack_said(sender, (1, 7, 0, 1, 11, b""))) == []
    assert receiver.bad == 1


def test_an_answer_carries_the_counter_of_its_request():
    """So the host, whose counter rises, knows an answer of today from one that was recorded yesterday."""
    host_out, host_in = wire.Framer(KEY, counter=5), wire.Framer(KEY, counter=5)
    board = wire.Framer(KEY, echo=True)
    answers = []
    for k in range(3):
        assert len(frames_of(board, packed(host_out, b"?", sequence=k))) == 1
        answers.append(packed(board, b"!", 0, 7, k, 0x81))
        assert len(frames_of(host_in, answers[-1])) == 1
    for old in answers:
        assert frames_of(host_in, old) == []
    tomorrow = wire.Framer(KEY, counter=1000)
    for old in answers:
        assert frames_of(tomorrow, old) == [], "yesterday's answer was taken"


def test_the_longest_payload_fits_and_a_longer_one_is_thrown_away():
    random = Random(34)
    for key in (None, KEY):
        for worst in (b"\2", b"\0", b"\3"):
            sender, receiver = wire.Framer(key), wire.Framer(key)
            data = packed(sender, worst * wire.MAX_PAYLOAD)
            assert len(data) <= wire.MAX_STUFFED + 2
            assert len(frames_of(receiver, data, random)) == 1
    # a frame that is whole but longer than agreed, made by hand
    for extra in (1, 10, 17, 40, 400):
        size = wire.HEAD + wire.MAX_PAYLOAD + extra
        body = bytearray(b"\2" * size + b"\0\0\0\0")
        wire.checksum(body, size, body, size)
        out = bytearray(2 * size + 10)
        end = wire.kernels.stuff(out, 1, body, size + 4)
        receiver = wire.Framer()
        assert frames_of(receiver, bytes(out[:end]) + b"\0", random) == []
        assert receiver.bad == 1
        assert len(frames_of(receiver, packed(wire.Framer(), b"ok"))) == 1


def test_a_payload_that_does_not_fit_is_not_packed():
    framer = wire.Framer()
    expect((ValueError, IndexError), framer.pack, 1, 0, 1, 1, wire.MAX_PAYLOAD + 1)


def test_hmac_is_the_one_of_rfc_4231():
    """Test cases 1, 2 and 3 of RFC 4231."""
    for key, data, want in (
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    ):
        assert wire.hmac_sha256(wire.pad_key(key, 0x36), wire.pad_key(key, 0x5C), data) == bytes.fromhex(want)
