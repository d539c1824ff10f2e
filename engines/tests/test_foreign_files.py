"""Files that are not what they say, and files that try to read other files: none decodes.

A secret tone of 1,700 Hz lies beside, above and at an absolute path; whatever a case names it as,
nothing may decode and no output may appear.
"""

import os
import struct
from pathlib import Path

import pytest

from engines.errors import BadMedia
from engines.media import reading
from engines.tests.making import tone, write

SECRET_HZ = 1_700


def _texts() -> dict[str, tuple[str, str]]:
    """Name of the case: (content with {secret} for a path, the code it must be refused with)."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n"
    mpd = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
        "<Period><AdaptationSet><Representation><BaseURL>{secret}</BaseURL>"
        "</Representation></AdaptationSet></Period></MPD>"
    )
    sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 9 RTP/AVP 0\r\n"
    return {
        "hls": (hls, "playlist_hls"),
        "hls-bom": ("\ufeff" + hls, "playlist_hls"),
        "hls-blank": ("\r\n\n \t" + hls, "playlist_hls"),
        "hls-lower": (hls.lower(), "playlist_hls"),
        "ffconcat": ("ffconcat version 1.0\nfile {secret}\n", "playlist_concat"),
        "ffconcat-quoted": ("ffconcat version 1.0\nfile '{secret}'\n", "playlist_concat"),
        "ffconcat-blank": ("\n\nffconcat version 1.0\nfile {secret}\n", "playlist_concat"),
        "dash": (mpd, "playlist_other"),
        "dash-bare": (mpd[21:], "playlist_other"),
        "smil": ('<smil><body><audio src="{secret}"/></body></smil>', "playlist_other"),
        "asx": ('<asx><entry><ref href="{secret}"/></entry></asx>', "playlist_other"),
        "pls": ("[playlist]\nFile1={secret}\nNumberOfEntries=1\n", "playlist_other"),
        "m3u": ("{secret}\n", "text"),
        "sdp": (sdp, "sdp"),
        "html": ("<!DOCTYPE html><html><body>404</body></html>", "markup_html"),
        "html-bare": ("<html><head><title>Sign in</title></head></html>", "markup_html"),
        "xml": ('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "markup_xml"),
        "json": ('{{"error": "not found"}}', "text"),
        "subtitles": ("1\n00:00:01,000 --> 00:00:02,000\nhello\n", "text"),
        "russian": ("Запись не найдена", "text"),
    }


def _secrets(folder: Path) -> dict[str, str]:
    return {
        "sibling": "secret.mp3",
        "above": "../secret.mp3",
        "absolute": str(folder / "secret.mp3"),
        "url": f"file://{folder}/secret.mp3",
    }


CASES = [
    (name, where, ending)
    for name, (content, _) in _texts().items()
    for where in (
        ("sibling", "above", "absolute", "url") if "{secret}" in content else ("sibling",)
    )
    for ending in ("mp3", "m3u8", "wav")
    if where in ("sibling", "absolute") or ending == "mp3"
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A tenant's folder with the attacker's folder inside it, and the secret in both."""
    root = tmp_path_factory.mktemp("tenant")
    (root / "attacker").mkdir()
    write(root / "secret.mp3", tone(2, SECRET_HZ), "mp3")
    write(root / "attacker" / "secret.mp3", tone(2, SECRET_HZ), "mp3")
    return root


def _refused(path: Path) -> BadMedia:
    """The refusal, the same from both doors, after making sure that nothing was decoded."""
    out = path.with_name("out.pcm")
    with pytest.raises(BadMedia) as at_intake:
        reading.inspect(path)
    with pytest.raises(BadMedia) as at_decoding:
        reading.decode(path, out)
    assert at_intake.value.code == at_decoding.value.code
    assert not out.exists()
    assert not list(path.parent.glob("*.part"))
    return at_decoding.value


@pytest.mark.parametrize(("name", "where", "ending"), CASES)
def test_a_text_that_names_another_file_is_refused_and_reads_nothing(
    name, where, ending, folder, monkeypatch
):
    content, code = _texts()[name]
    path = folder / "attacker" / f"upload.{ending}"
    path.write_text(content.format(secret=_secrets(folder)[where]), encoding="utf-8")
    monkeypatch.chdir(folder / "attacker")
    refusal = _refused(path)
    assert refusal.code == code
    assert refusal.next_action
    assert str(folder) not in refusal.message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_playlist_in_utf16_is_refused(encoding, folder):
    path = folder / "attacker" / "wide.mp3"
    path.write_bytes(b"\xfe\xff" * (encoding == "utf-16-be") + "#EXTM3U\nx.mp3".encode(encoding))
    assert _refused(path).code == "playlist_hls"


@pytest.mark.parametrize("format", ["mp3", "wav", "ogg", "mov", "matroska", "flac", "aac"])
@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:9,\n{0}\n", "ffconcat version 1.0\nfile {0}\n"])
def test_even_past_the_sniffing_a_forced_format_reads_no_other_file(
    format, text, folder, monkeypatch
):
    """The second wall: as if the magic bytes had been fooled."""
    path = folder / "attacker" / "fooled.mp3"
    path.write_text(text.format("secret.mp3"))
    monkeypatch.setattr(reading, "sniff", lambda _file: format)
    monkeypatch.chdir(folder / "attacker")
    assert _refused(path).code in ("broken", "no_audio", "no_sound", "no_channels")


@pytest.mark.parametrize("target", ["secret.mp3", "../secret.mp3", "/etc/passwd", "nowhere"])
def test_a_link_is_not_followed(target, folder):
    path = folder / "attacker" / "link.mp3"
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    assert _refused(path).code == "not_a_file"


def test_a_device_and_a_pipe_do_not_hang(folder):
    pipe = folder / "attacker" / "pipe.mp3"
    os.mkfifo(pipe)
    assert _refused(pipe).code == "not_a_file"
    with pytest.raises(BadMedia):
        reading.inspect(Path("/dev/zero"))


def _wav_head(channels: int, rate: int = 16_000, size: int = 32_000) -> bytes:
    fields = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * 2, 2, 16)
    return (
        b"RIFF" + struct.pack("<I", size + 36) + b"WAVEfmt " + fields
        + b"data" + struct.pack("<I", size) + bytes(size)
    )  # fmt: skip


BINARY = {
    "empty": (b"", "empty"),
    "zeros": (bytes(4_000), "unknown_format"),
    "noise": (bytes(range(256)) * 20, "unknown_format"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "unknown_format"),
    "archive": (b"PK\x03\x04" + bytes(200), "unknown_format"),
    "program": (b"\x7fELF" + bytes(200), "unknown_format"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(200), "unknown_format"),
    "avi": (b"RIFF\0\0\0\0AVI LIST" + bytes(200), "unknown_format"),
    "gab2": (b"RIFF\0\0\0\0AVI LIST" + bytes(60) + b"GAB2\0#EXTM3U", "playlist_hidden"),
    "wav-gab2": (_wav_head(1) + b"GAB2\0#EXTM3U\n", "playlist_hidden"),
    "no-channels": (_wav_head(0), "no_channels"),
    "many-channels": (_wav_head(400), "too_many_channels"),
    "slow-rate": (_wav_head(1, rate=10), "bad_rate"),
    "fast-rate": (_wav_head(1, rate=10_000_000), "bad_rate"),
    "wav-head-only": (_wav_head(1)[:44], "no_sound"),
    "ogg-head-only": (b"OggS" + bytes(100), "broken"),
    "flac-head-only": (b"fLaC" + bytes(100), "broken"),
    "matroska-head-only": (b"\x1a\x45\xdf\xa3" + bytes(100), "broken"),
    "id3-only": (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10), "unknown_format"),
    "id3-playlist": (b"ID3\x04\0\0\0\0\0\0#EXTM3U\nsecret.mp3\n", "playlist_hls"),
    "id3-endless": (b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(10), "unknown_format"),
}
_ALSO = {"wav-head-only": {"broken", "truncated"}, "ogg-head-only": {"no_audio"}}


@pytest.mark.parametrize("name", BINARY)
def test_bytes_that_are_no_sound_have_their_own_verdict(name, tmp_path):
    content, code = BINARY[name]
    path = tmp_path / "upload.mp3"
    path.write_bytes(content)
    assert _refused(path).code in {code, *_ALSO.get(name, ())}


@pytest.mark.parametrize("kind", ["mp3", "opus", "flac", "m4a", "webm", "adts", "aiff"])
@pytest.mark.parametrize("keep", [12, 200, 1_000])
def test_the_first_bytes_of_a_recording_are_refused_or_read_short(kind, keep, tmp_path):
    """Never an unsorted error, never more sound than there are bytes for."""
    path = tmp_path / "cut"
    path.write_bytes(write(tmp_path / "whole", tone(5), kind).read_bytes()[:keep])
    try:
        heard = reading.decode(path, tmp_path / "out")
    except BadMedia:
        assert not (tmp_path / "out").exists()
    else:
        assert heard.duration_s < 2


def test_a_film_without_sound_says_so(tmp_path):
    import av
    import numpy as np

    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert _refused(path).code == "no_audio"


def test_a_quicktime_film_that_takes_its_sound_from_another_file_reads_nothing(folder):
    path = folder / "attacker" / "reference.mov"
    write(path, tone(2), "mov")
    path.write_bytes(_referring(path.read_bytes(), str(folder / "secret.mov")))
    write(folder / "secret.mov", tone(2, SECRET_HZ), "mov")
    assert _refused(path).code in ("broken", "no_sound")


def _referring(movie: bytes, target: str) -> bytes:
    """Put an alias (as QuickTime writes it, with the absolute path) where "here" stood."""
    entry = b"\0\0\0\x0curl \0\0\0\x01"
    assert movie.count(entry) == 1
    name = Path(target).name.encode()
    alias = bytes(10) + b"\x04disk" + bytes(23) + bytes(12)
    alias = alias[:50] + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16)
    alias += struct.pack(">hh", 0, 0) + bytes(16)
    spoken = b"disk" + target.encode()
    alias += struct.pack(">hH", 2, len(spoken)) + spoken + b"\0" * (len(spoken) % 2)
    alias += struct.pack(">hH", -1, 0)
    longer = struct.pack(">I", 12 + len(alias)) + b"alis\0\0\0\0" + alias
    at = movie.find(entry)
    grown = bytearray(movie.replace(entry, longer))
    for atom in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = movie.rfind(atom, 0, at) - 4
        size = struct.unpack(">I", movie[start : start + 4])[0] + len(longer) - len(entry)
        grown[start : start + 4] = struct.pack(">I", size)
    return bytes(grown)
