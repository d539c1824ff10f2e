"""Every kind of recording opens, keeps its length and its sound; what is damaged is told apart."""

import struct
import time

import av
import numpy as np
import pytest

from engines.errors import BadMedia
from engines.media import reading
from engines.media.base import Limits
from engines.media.encode import encode, write_wav
from engines.tests.making import KINDS, RATE, hears, tone, write


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_of_every_kind_keeps_its_length_and_its_sound(kind, tmp_path):
    path = write(tmp_path / "named.txt", tone(3), kind)

    info = reading.inspect(path)
    heard = reading.decode(path, tmp_path / "out.pcm")
    pcm = reading.read_pcm(tmp_path / "out.pcm")

    assert (info.channels, info.bytes) == (1, path.stat().st_size)
    assert info.duration_s is None or info.duration_s == pytest.approx(3, abs=0.15)
    assert heard.duration_s == pytest.approx(3, abs=0.15)
    assert len(pcm) == heard.samples
    assert heard.peak == np.abs(pcm.astype(int)).max() > 8_000
    assert hears(pcm, 440)
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
def test_any_usual_sample_rate_comes_out_at_16_khz(rate, tmp_path):
    path = write(tmp_path / "a", tone(2, rate=rate), "wav", rate=rate)
    heard = reading.decode(path, tmp_path / "out.pcm")
    assert heard.duration_s == pytest.approx(2, abs=0.01)
    assert hears(reading.read_pcm(tmp_path / "out.pcm"), 440)


def test_the_two_sides_of_a_call_come_out_apart(tmp_path):
    path = write(tmp_path / "call", tone(2, channels=2), "mp3")
    left, right = tmp_path / "left", tmp_path / "right"
    reading.decode(path, [left, right], channels=[0, 1])
    assert hears(reading.read_pcm(left), 440)
    assert hears(reading.read_pcm(right), 880)
    assert left.stat().st_size == right.stat().st_size


def test_a_channel_that_is_not_there_is_refused_with_both_numbers(tmp_path):
    path = write(tmp_path / "mono", tone(1), "wav")
    with pytest.raises(BadMedia) as refused:
        reading.decode(path, [tmp_path / "out"], channels=[1])
    assert refused.value.code == "no_such_channel"
    assert refused.value.details == {"channel": 1, "channels": 1}
    assert not (tmp_path / "out").exists()


def test_a_surround_recording_is_mixed_down(tmp_path):
    path = write(tmp_path / "surround", tone(1, 300, channels=6), "flac")
    assert reading.inspect(path).channels == 6
    assert reading.decode(path, tmp_path / "out").duration_s == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("mp3", {}), ("flac", {}), ("wav", {}), ("m4a", {"movflags": "faststart"}), ("mkv", {})],
)
def test_half_a_file_is_told_with_both_lengths(kind, options, tmp_path):
    whole = write(tmp_path / "whole", tone(20, 300), kind, **options).read_bytes()
    half = tmp_path / "half"
    half.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(BadMedia) as refused:
        reading.decode(half, tmp_path / "out")

    assert refused.value.code == "truncated"
    assert refused.value.details["declared_s"] == pytest.approx(20, abs=0.2)
    assert refused.value.details["decoded_s"] == pytest.approx(10, abs=2)
    assert not refused.value.retryable
    assert list(tmp_path.glob("out*")) == []


def test_half_an_mp4_without_its_index_is_broken(tmp_path):
    whole = write(tmp_path / "whole", tone(5), "m4a").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadMedia) as refused:
        reading.inspect(tmp_path / "half")
    assert refused.value.code == "broken"


def test_damage_in_the_middle_of_an_mp3_is_got_over(tmp_path):
    whole = bytearray(write(tmp_path / "whole", tone(20), "mp3").read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 600] = bytes(600)
    (tmp_path / "scratched").write_bytes(whole)
    heard = reading.decode(tmp_path / "scratched", tmp_path / "out")
    assert heard.duration_s == pytest.approx(20, abs=1)


def test_a_hole_in_a_container_with_a_clock_becomes_silence(tmp_path):
    """A browser stops sending while muted; the words after that must keep their time."""
    path = tmp_path / "muted.mkv"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE)
        stream.codec_context.layout = "mono"
        for start in (0, 5 * RATE):
            frame = av.AudioFrame.from_ndarray(tone(2).reshape(1, -1), layout="mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    heard = reading.decode(path, tmp_path / "out")
    pcm = reading.read_pcm(tmp_path / "out")
    assert heard.filled_s == pytest.approx(3, abs=0.05)
    assert heard.duration_s == pytest.approx(7, abs=0.05)
    assert not pcm[int(2.2 * RATE) : int(4.8 * RATE)].any()
    assert hears(pcm[int(5.1 * RATE) :], 440)


def test_a_sound_that_changes_its_form_on_the_way_is_heard_to_the_end(tmp_path):
    first = write(tmp_path / "a", tone(2, rate=44_100), "mp3", rate=44_100).read_bytes()
    second = write(tmp_path / "b", np.stack([tone(2, 300)] * 2, axis=1), "mp3").read_bytes()
    (tmp_path / "both").write_bytes(first + second)
    heard = reading.decode(tmp_path / "both", tmp_path / "out")
    assert heard.duration_s == pytest.approx(4, abs=0.3)
    assert hears(reading.read_pcm(tmp_path / "out")[int(2.3 * RATE) :], 300)


def test_a_streamed_wav_of_unknown_length_is_whole(tmp_path):
    whole = bytearray(write(tmp_path / "w", tone(3), "wav").read_bytes())
    at = whole.find(b"data")
    whole[4:8] = whole[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    (tmp_path / "streamed").write_bytes(whole)
    heard = reading.decode(tmp_path / "streamed", tmp_path / "out")
    assert heard.duration_s == pytest.approx(3, abs=0.01)


def test_ten_hours_of_silence_are_fine_in_bounded_memory(tmp_path):
    """36,000 s; the child may have 300 MB in all, the sound itself is 1.15 GB."""
    minute = write(tmp_path / "minute", np.zeros(60 * 8_000, np.int16), "flac", rate=8_000)
    path = tmp_path / "ten-hours.flac"
    path.write_bytes(_repeat_flac(minute.read_bytes(), 600))
    began = time.monotonic()
    heard = reading.decode(
        path, tmp_path / "out", rate=8_000, limits=Limits(memory_bytes=300 << 20)
    )
    assert heard.duration_s == pytest.approx(36_000, abs=1)
    assert heard.peak == 0
    assert time.monotonic() - began < 120


def test_longer_than_the_limit_is_refused_before_and_while_decoding(tmp_path):
    declared = write(tmp_path / "declared", tone(5), "wav")
    silent_about_it = write(tmp_path / "adts", tone(5), "adts")
    short = Limits(max_duration_s=3)
    for path in (declared, silent_about_it):
        with pytest.raises(BadMedia) as refused:
            reading.decode(path, tmp_path / "out", limits=short)
        assert refused.value.code == "too_long"
        assert refused.value.message == "The recording is longer than 3 seconds."
    with pytest.raises(BadMedia):
        reading.inspect(declared, limits=short)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_bytes=1_000), "too_large"),
        (Limits(max_channels=1), "too_many_channels"),
        (Limits(max_rate=8_000), "bad_rate"),
        (Limits(min_rate=44_100), "bad_rate"),
    ],
)
def test_each_limit_has_its_own_refusal(limits, code, tmp_path):
    path = write(tmp_path / "stereo", tone(1, channels=2), "wav")
    with pytest.raises(BadMedia) as refused:
        reading.inspect(path, limits=limits)
    assert refused.value.code == code
    assert "%(" not in refused.value.message


def test_progress_grows_and_ends_at_the_length(tmp_path):
    path = write(tmp_path / "long", np.tile(tone(10), 12), "wav")
    seen: list[float] = []
    heard = reading.decode(path, tmp_path / "out", on_progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] == pytest.approx(heard.duration_s, abs=0.01)


@pytest.mark.parametrize("format", ["opus", "mp3", "wav"])
def test_what_we_encode_can_be_read_again(format, tmp_path):
    tone(3).tofile(tmp_path / "pcm")
    encode(tmp_path / "pcm", tmp_path / "out", format=format)
    heard = reading.decode(tmp_path / "out", tmp_path / "back")
    assert heard.duration_s == pytest.approx(3, abs=0.05)
    assert hears(reading.read_pcm(tmp_path / "back"), 440)


def test_write_wav_takes_floats_and_channels(tmp_path):
    write_wav(tmp_path / "w", tone(1, channels=2).astype(np.float32) / 32768)
    assert reading.inspect(tmp_path / "w").channels == 2


def _repeat_flac(data: bytes, times: int) -> bytes:
    """A FLAC file whose frames are repeated, with the total in STREAMINFO put right."""
    head = bytearray(data[: _flac_frames_at(data)])
    packed = struct.unpack(">Q", head[18:26])[0]
    head[18:26] = struct.pack(">Q", packed >> 36 << 36 | (packed & (1 << 36) - 1) * times)
    head[26:42] = bytes(16)
    return bytes(head) + data[_flac_frames_at(data) :] * times


def _flac_frames_at(data: bytes) -> int:
    at, last = 4, False
    while not last:
        last = bool(data[at] & 0x80)
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    return at
