#!/usr/bin/env python3
"""make_seeds.py - writes the seeds of the binary formats: small, whole and cut.

    make_seeds.py FOLDER      (fuzz/seeds)

Seeds are committed; run again when a format's reader learns something new.
"""
# SPDX-License-Identifier: Apache-2.0
import io
import os
import struct
import sys
import zipfile
import zlib

CASTAGNOLI = 0x82F63B78


def crc32c(data):
    """CRC-32C, bit by bit: slow and plain."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CASTAGNOLI if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    """The checksum as event files store it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value):
    """A base-128 number."""
    value &= (1 << 64) - 1
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """One protobuf field; the wire type follows the Python type."""
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def record(payload):
    """One framed record of an event file."""
    length = struct.pack("<Q", len(payload))
    return (length + struct.pack("<I", masked(length)) + payload
            + struct.pack("<I", masked(payload)))


def event(step, *rest):
    """An event at a step."""
    return record(field(1, 1e9 + step) + field(2, step) + b"".join(rest))


def value(tag, *rest):
    """A summary of one value."""
    return field(5, field(1, field(1, tag) + b"".join(rest)))


def plugin(name, content=b""):
    """Metadata that names a plugin."""
    return field(9, field(1, field(1, name) + field(2, content)))


def tfevents():
    """Named event files."""
    version = event(0, field(3, "brain.Event:2"))
    old = b"".join(event(i, value("loss", b"\x15" + struct.pack("<f", 1 / i)))
                   for i in range(1, 6))
    scalar = field(8, field(1, 1) + field(2, b"")
                   + field(5, struct.pack("<f", 0.5)))
    new = event(1, value("acc", plugin("scalars"), scalar)) + event(
        2, value("acc", scalar))
    shape = field(2, field(2, field(1, 2)) + field(2, field(1, 3)))
    table = struct.pack("<6d", -1, 0, 2, 0, 1, 2)
    histogram = event(3, value("w", plugin("histograms"), field(
        8, field(1, 2) + shape + field(4, table))))
    message = event(4, value("v", field(5, field(1, -1.0) + field(2, 3.0)
                    + field(3, 4.0) + field(4, 4.0) + field(5, 12.0)
                    + field(6, struct.pack("<3d", 0, 1, 1e300))
                    + field(7, struct.pack("<3d", 1, 2, 1)))))
    text = event(5, value("note", plugin("text"), field(
        8, field(1, 7) + field(8, "hello"))))
    session = field(1, field(1, "lr") + field(2, field(2, 0.1)))
    hparams = event(0, value("_hparams_/session_start_info", plugin(
        "hparams", field(3, session + field(4, "group")))))
    start = event(3, field(7, field(1, 1)))
    whole = (version + old + new + histogram + message + text + hparams
             + start + old)
    flipped = bytearray(whole)
    flipped[len(version) + 40] ^= 1
    return {"whole": whole, "torn": whole[:-7], "flipped": bytes(flipped),
            "zeros": version + old + bytes(100), "types": version + b"".join(
                event(i, value(f"t{i}", plugin("scalars"), field(
                    8, field(1, i) + field(4, struct.pack("<q", 1)[:width]))))
                for i, width in ((1, 4), (2, 8), (3, 4), (4, 1), (5, 2), (6, 1),
                                 (9, 8), (10, 1), (14, 2), (17, 2), (19, 2),
                                 (22, 4), (23, 8))),
            "fields": b"".join(event(i, value(f"f{i}", field(
                8, field(1, dtype) + field(i, 1))))
                for i, dtype in ((7, 3), (10, 9), (11, 10), (13, 19),
                                 (16, 22), (17, 23)))}


def chunk(kind, payload):
    """One chunk of a W&B log."""
    crc = zlib.crc32(bytes([kind]) + payload)
    return struct.pack("<IHB", crc, len(payload), kind) + payload


def log(*payloads):
    """A W&B log of records, cut at blocks of 32 KiB."""
    out = b":W&B\xe1\xbe\x00"
    for payload in payloads:
        first = True
        while True:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                room = 32768
            part, payload = payload[:room - 7], payload[room - 7:]
            kind = (1 if first and not payload else 2 if first
                    else 3 if payload else 4)
            out += chunk(kind, part)
            first = False
            if not payload:
                break
    return out


def item(key, json, *nested):
    """A history, config or summary item."""
    return (field(1, key) if key else b"") + b"".join(
        field(2, part) for part in nested) + field(16, json)


def history(step, **values):
    """A row of metrics."""
    rows = b"".join(field(1, item(k, v)) for k, v in values.items())
    return field(2, rows + field(1, item("_step", str(step)))
                 + field(1, item("_timestamp", str(1.7e9 + step))))


def wandb():
    """Named W&B logs."""
    run = field(17, field(1, "abc") + field(3, "proj") + field(6, "group")
                + field(8, "name") + field(10, "tag") + field(13, "host")
                + field(17, field(1, 1700000000) + field(2, 5))
                + field(4, field(1, item("lr", "0.1"))
                        + field(1, item("opt", '{"a":{"b":[1,NaN]}}'))
                        + field(2, item("old", "")))
                + field(21, field(1, "https://u:p@host/x") + field(2, "c0ffee"))
                + field(18, 1) + field(14, 7))
    packed = ('{"_type":"histogram","packedBins":{"min":0,"size":0.5,'
              '"count":2},"values":[1,3]}')
    edges = '{"a":{"_type":"histogram","values":[1,2],"bins":[0,1,2]},"b":1}'
    rows = [history(i, loss=str(1 / (i + 1)), acc="NaN", bad="{",
                    nested='{"x":1,"y":{"z":true}}', text='"hi"')
            for i in range(3)]
    other = [field(7, field(2, field(1, 1700000001))
                   + field(3, item("gpu.0.gpu", "55"))),
             field(3, field(1, item("best", "0.5"))),
             field(5, field(1, item("", "1", "deep", "key"))),
             field(9, field(1, "title") + field(2, "text")),
             history(3, h=packed, g=edges), field(23, b""),
             field(18, field(1, 1) + field(2, 60))]
    whole = log(run, *rows, *other)
    long = log(run, history(0, big='"' + "x" * 70000 + '"'), *rows)
    flipped = bytearray(whole)
    flipped[300] ^= 1
    return {"whole": whole, "torn": whole[:-9], "flipped": bytes(flipped),
            "zeros": whole + bytes(64), "header": whole[:7],
            "fragments": long[:60], "blocks": long[32000:33500]}


def npy(descr, shape, data, version=1):
    """One .npy file."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.encode() + b" " * (63 - (10 + len(text)) % 64) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + data


def archive(method, **arrays):
    """One .npz file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in arrays.items():
            file.writestr(zipfile.ZipInfo(name + ".npy"), data, method)
    return out.getvalue()


def npz():
    """Named .npz and .npy files."""
    steps = npy("<i8", "(2,)", struct.pack("<2q", 100, 200))
    results = npy("<f8", "(2, 3)", struct.pack("<6d", 1, 2, 3, 4, 5, 6))
    lengths = npy("<i4", "(2, 3)", struct.pack("<6i", 1, 2, 3, 4, 5, 6))
    stored = archive(zipfile.ZIP_STORED, timesteps=steps, results=results,
                     ep_lengths=lengths)
    return {"stored": stored,
            "deflated": archive(zipfile.ZIP_DEFLATED, timesteps=steps,
                                results=results, ep_lengths=lengths),
            "generic": archive(zipfile.ZIP_STORED, loss=npy(
                ">f4", "(3,)", struct.pack(">3f", 1, 2, 3)),
                step=npy("<u2", "(3,)", struct.pack("<3H", 5, 6, 7))),
            "object": archive(zipfile.ZIP_STORED, o=npy("|O", "(1,)", b"x")),
            "array": npy("<f2", "(2,)", struct.pack("<2e", 1, 2), 2),
            "cut": stored[:-10]}


def main():
    """Writes all seeds below the folder."""
    for name, seeds in (("tfevents", tfevents()), ("wandb", wandb()),
                        ("npz", npz())):
        folder = os.path.join(sys.argv[1], name)
        os.makedirs(folder, exist_ok=True)
        for seed, data in seeds.items():
            with open(os.path.join(folder, seed), "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
