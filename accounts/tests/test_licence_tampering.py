"""A file of a licence is good as it was signed, and no other way."""

from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as some

from accounts import licences
from accounts.licences import LicenceRefused, files, keys
from accounts.tests import licensing

FILE = files.sign(
    licences.Terms(
        id="n-1",
        customer="Ромашка",
        installation="*",
        issued_at="2026-01-01T00:00:00Z",
        valid_from="2026-01-01T00:00:00Z",
        expires_at="2027-01-01T00:00:00Z",
        grace_days=14,
        limits=licences.FREE_LIMITS,
        features=["voice"],
    ),
    licensing.KEY,
).encode()


TRUSTED = {keys.id_of(licensing.KEY.public_key()): licensing.KEY.public_key()}


def survives(changed):
    try:
        files.read(changed.decode(), TRUSTED)
    except (LicenceRefused, UnicodeDecodeError):
        return False
    return True


def test_no_single_bit_of_a_file_can_differ():
    """Every bit of it, one by one. What a change of line ends would mean is no change."""
    assert survives(FILE)
    kept = [
        place
        for place in range(8 * len(FILE))
        if survives(
            FILE[: place // 8] + bytes([FILE[place // 8] ^ 1 << place % 8]) + FILE[place // 8 + 1 :]
        )
    ]
    # The last line end may become another blank (tab, form feed...): what surrounds is cut off.
    assert {place // 8 for place in kept} <= {len(FILE) - 1}


@given(
    place=some.integers(0, len(FILE) - 2),
    length=some.integers(0, 40),
    instead=some.binary(max_size=40),
)
@effort(max_examples=200, deadline=None)
def test_no_piece_of_a_file_can_be_replaced(place, length, instead):
    changed = FILE[:place] + instead + FILE[place + length :]
    same = changed.replace(b"\r\n", b"\n").strip() == FILE.strip()
    assert survives(changed) == same
