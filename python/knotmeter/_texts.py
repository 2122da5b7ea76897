"""_texts.py - texts and settings made fit for the journal; never raises."""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import math
import sys
from typing import Any, Iterator, Mapping, Optional, Set, Tuple

NAME_BYTES_MAX = 1024
VALUE_BYTES_MAX = 64 * 1024
DEPTH_MAX = 16
KEYS_MAX = 10000
_said: "Set[str]" = set()


def say(sentence: str, once: Optional[str] = None) -> None:
    """A sentence on standard error; with `once` the first of that kind."""
    if once is not None:
        if once in _said:
            return
        _said.add(once)
    try:
        print(f"knotmeter: {sentence}", file=sys.stderr, flush=True)
    except Exception:  # a closed or broken stream must not cost the training
        pass


def text(value: Any) -> str:
    """UTF-8 without NUL; what cannot be encoded is written as an escape."""
    try:
        out = value if isinstance(value, str) else str(value)
        out = str.__str__(out)
    except Exception:
        return f"(a {type(value).__name__} that cannot be printed)"
    return out.encode("utf-8", "backslashreplace").decode().replace("\0",
                                                                     "\\x00")


def name(value: Any) -> str:
    """A text without control characters, of at most 1,024 bytes: what is cut
    off is told apart by a hash."""
    out = "".join(c if c.isprintable() or ord(c) > 0x9f else
                  f"\\x{ord(c):02x}" for c in text(value))
    raw = out.encode()
    if len(raw) > NAME_BYTES_MAX:
        mark = "~" + hashlib.sha1(raw).hexdigest()[:12]
        out = raw[:NAME_BYTES_MAX - len(mark)].decode("utf-8", "ignore") + mark
    return out


def optional(value: Any) -> Optional[str]:
    """A name, or None for nothing."""
    return None if value is None or value == "" else name(value)


def plain(value: Any, depth: int = 0) -> Any:
    """What JSON can say: numbers as they are, NaN and infinities as texts,
    everything else as its text."""
    if value is None or isinstance(value, (bool, str)):
        return text(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else (
            "NaN" if math.isnan(value) else
            "Infinity" if value > 0 else "-Infinity")
    if depth < DEPTH_MAX and isinstance(value, Mapping):
        return {text(k): plain(v, depth + 1) for k, v in value.items()}
    if depth < DEPTH_MAX and isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v, depth + 1) for v in value]
    item = getattr(value, "item", None)
    if callable(item):
        try:
            got = item()
            if isinstance(got, (bool, int, float, str)):
                return plain(got, depth + 1)
        except Exception:
            pass
    return text(value)


def as_json(value: Any) -> str:
    """One JSON value of at most 64 KiB."""
    try:
        out = json.dumps(plain(value), ensure_ascii=False)
    except Exception:
        out = json.dumps(f"(a {type(value).__name__} that cannot be printed)")
    if len(out.encode("utf-8", "replace")) > VALUE_BYTES_MAX:
        out = json.dumps(out[:8192] + " ... (cut)")
    return out


def as_mapping(value: Any) -> "Mapping[Any, Any]":
    """Of what people keep settings in: dicts, argparse, dataclasses, ..."""
    if isinstance(value, Mapping):
        return value
    for way in ("to_dict", "as_dict", "_asdict", "model_dump"):
        method = getattr(value, way, None)
        if callable(method):
            try:
                got = method()
                if isinstance(got, Mapping):
                    return got
            except Exception:
                pass
    inner = getattr(value, "__dict__", None)
    if isinstance(inner, Mapping):
        return {k: v for k, v in inner.items() if not str(k).startswith("_")}
    return {"value": value}


def flat(value: Any, prefix: str = "",
         depth: int = 0) -> "Iterator[Tuple[str, str]]":
    """(key.inner, JSON) of every leaf of nested settings."""
    for key, inner in list(as_mapping(value).items()):
        full = f"{prefix}{text(key)}"
        if isinstance(inner, Mapping) and inner and depth < DEPTH_MAX:
            yield from flat(inner, full + ".", depth + 1)
        else:
            yield name(full), as_json(inner)
