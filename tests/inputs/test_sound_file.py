"""Sound files of every common format, through the public door."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from perform.core.contracts import AudioInput
from perform.core.errors import MediaError, UsageError
from perform.inputs import file as file_module
from perform.inputs import file_decode, open_input

RATE = 44100
MUSIC = Path(__file__).parents[2] / ".." / "shared" / "audio" / "music"


def tones(seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return np.stack([0.5 * np.sin(2 * np.pi * 441 * t), 0.25 * np.sin(2 * np.pi * 882 * t)], axis=1).astype(np.float32)


def read_all(source: AudioInput, size: int = 1111) -> np.ndarray:
    source.open()
    parts, at = [], 0
    while (block := source.read(size)) is not None:
        assert block.rate_hz == source.rate_hz
        assert block.start_s == pytest.approx(at / source.rate_hz, abs=1e-12)
        at += len(block.samples)
        parts.append(block.samples)
    assert source.finished
    source.close()
    return np.concatenate(parts)


def encode(path: Path, samples: np.ndarray, codec: str, rate: int, *, picture: bool = False) -> None:
    """A compressed file made by PyAV; picture: with a moving picture beside the sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25) if picture else None
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "stereo"
        if video is not None:
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            for _ in range(5):
                container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if video is not None:
            container.mux(video.encode(None))


def assert_same_tones(samples: np.ndarray, rate: float) -> None:
    """441 Hz at .5 left, 882 Hz at .25 right."""
    middle = samples[round(0.5 * rate) : round(1.5 * rate)]
    spectrum = np.abs(np.fft.rfft(middle, axis=0)) / (len(middle) / 2)
    assert [int(peak) for peak in spectrum.argmax(axis=0)] == [441, 882]
    assert spectrum.max(axis=0) == pytest.approx([0.5, 0.25], rel=0.05)


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("aiff", "PCM_16")]
)
def test_lossless_files_round_trip(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tones(), RATE, subtype=subtype)
    source = open_input(str(path), live=False)
    assert isinstance(source, AudioInput)
    samples = read_all(source)
    assert (source.rate_hz, source.channels) == (44100.0, 2)
    assert samples.dtype == np.float32 and samples.shape == tones().shape
    assert np.abs(samples - tones()).max() < 1e-4


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_lossy_files_of_libsndfile(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tones(), RATE)
    samples = read_all(open_input(f"file:{path}", live=False))
    assert len(samples) == pytest.approx(2 * RATE, abs=0.1 * RATE)
    assert_same_tones(samples, RATE)


@pytest.mark.parametrize(
    ("name", "codec", "rate"), [("a.m4a", "aac", 48000), ("a.mp4", "aac", 44100), ("a.ac3", "ac3", 48000)]
)
def test_files_that_only_ffmpeg_reads(tmp_path: Path, name: str, codec: str, rate: int) -> None:
    path = tmp_path / name
    encode(path, tones(rate=rate), codec, rate, picture=name.endswith("mp4"))
    assert file_decode.SoundfileDecoder.try_open(path) is None
    source = open_input(str(path), live=False)
    samples = read_all(source)
    assert (source.rate_hz, source.channels) == (float(rate), 2)
    assert len(samples) == pytest.approx(2 * rate, abs=4100)
    assert_same_tones(samples, rate)


def test_ffmpeg_reads_what_libsndfile_reads_just_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tones(), RATE)
    one, other = file_decode.open_decoder(path), file_decode.AvDecoder(path)
    assert type(one) is file_decode.SoundfileDecoder
    assert np.array_equal(one.read(100000), other.read(100000))
    for decoder in (one, other):
        decoder.seek(30001)
    assert np.array_equal(one.read(500), other.read(500))
    for decoder in (one, other):
        decoder.seek(10**9)
        assert len(decoder.read(10)) == 0
        decoder.close()
        decoder.close()


@pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
def test_start_and_loop(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("wav"):
        soundfile.write(path, tones(), RATE, subtype="FLOAT")
    else:
        encode(path, tones(), "aac", RATE)
    whole = read_all(open_input(str(path), live=False))
    tail = whole[round(1.25 * RATE) :]
    assert np.array_equal(read_all(open_input(str(path), live=False, start_s=1.25)), tail)
    looping = open_input(str(path), live=False, start_s=1.25, loop=True)
    looping.open()
    got = np.concatenate([looping.read(997).samples for _ in range(100)])
    assert not looping.finished
    assert np.array_equal(got, np.tile(tail, (4, 1))[: len(got)])
    looping.close()


def test_channels_and_trim(tmp_path: Path) -> None:
    path = tmp_path / "many.wav"
    many = np.tile(np.arange(1, 7, dtype=np.float32) / 10, (1000, 1))
    soundfile.write(path, many, RATE, subtype="FLOAT")
    source = open_input(str(path), live=False, channels="6,2", trim_db=-20.0)
    samples = read_all(source)
    assert source.channels == 2
    assert samples[0] == pytest.approx([0.06, 0.02])


def test_broken_and_absent_files_say_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("not music at all\n" * 400)
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(1).bytes(5000))
    soundfile.write(tmp_path / "nothing.wav", np.zeros((0, 2)), RATE)
    soundfile.write(tmp_path / "short.wav", tones(), RATE)
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    for name, start_s, reason in [
        ("absent.wav", 0, "does not exist"),
        (".", 0, "is a folder"),
        ("empty.wav", 0, "is empty"),
        ("text.mp3", 0, "cannot be read|holds no sound|broke off|no samples"),
        ("noise.mp4", 0, "cannot be read"),
        ("nothing.wav", 0, "no samples"),
        ("short.wav", 5, "ends before 5 s"),
        ("mute.mp4", 0, "no sound"),
    ]:
        source = open_input(str(tmp_path / name), live=False, start_s=start_s)
        with pytest.raises(MediaError, match=reason) as caught:
            source.open()
        assert "\n" not in str(caught.value) and str(tmp_path / name) in str(caught.value)
        assert source.read(10) is None
        source.close()
    with pytest.raises(UsageError):
        open_input(str(tmp_path / "short.wav"), live=False, channels="3").open()


def test_a_truncated_file_plays_to_its_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, (RATE * 3, 2)), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    source = open_input(str(path), live=False)
    source.open()
    total = 0
    while (block := source.read(5000)) is not None:
        total += len(block.samples)
    assert source.finished and 0.5 * RATE < total < 2.5 * RATE
    source.close()


def test_a_decoder_that_fails_in_the_middle_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        rate_hz, channels = 1000.0, 1
        reads = 0

        def read(self, frames: int) -> np.ndarray:
            self.reads += 1
            if self.reads > 1:
                raise MediaError("sound file x broke off")
            return np.zeros((10, 1), np.float32)

        def seek(self, sample: int) -> None:
            pass

        def close(self) -> None:
            pass

    monkeypatch.setattr(file_module, "open_decoder", lambda path: Failing())
    for loop, errors in ((False, 1), (True, 2)):
        source = open_input("x", live=False, loop=loop)
        source.open()
        assert len(source.read(100).samples) == 10
        assert source.finished and source.counts()["errors"] == errors
        assert source.error == "sound file x broke off"


def test_a_real_track_has_a_steady_stream() -> None:
    tracks = sorted(MUSIC.glob("*.ogg"))
    if not tracks:
        pytest.skip("the shared test music, ../shared/audio/music, is not here")
    source = open_input(str(tracks[0]), live=False, start_s=5.0)
    source.open()
    block = source.read(48000)
    assert block is not None and block.samples.shape == (48000, 2)
    assert 0.0 < float(np.abs(block.samples).max()) <= 1.5
    source.close()
