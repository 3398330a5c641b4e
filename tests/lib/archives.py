"""archives.py FOLDER: archives for a test of imports. film/ has film.mkv in two stored RAR volumes (which no free program
writes), a tar whose names are Latin-1, and what comes along; rar5/ has it in two stored volumes of RAR 5, written from that
format's published description; split/ has a zip in parts; bad/ has a zip that would get out of its folder."""
import io, os, struct, sys, tarfile, zipfile, zlib

where = sys.argv[1]
film = bytes((i * 7 + i // 251) % 256 for i in range(300000))


def block(kind, flags, rest):
    head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
    return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head


def volume(name, data, start, end):
    first, last = start == 0, end == len(data)
    crc = zlib.crc32(data if last else data[start:end])
    entry = struct.pack("<IIBIIBBHI", end - start, len(data), 3, crc, 0x2D2D6C20, 20, 0x30, len(name), 0o100644) + name
    return (b"Rar!\x1a\x07\0" + block(0x73, 0x11 | (0x100 if first else 0), bytes(6)) +
            block(0x74, 0x8000 | (0 if first else 1) | (0 if last else 2), entry) + data[start:end] +
            block(0x7B, 0x4000 if last else 0x4001, b""))


def vint(n):
    return bytes([n & 127 | (128 if n > 127 else 0)]) + (vint(n >> 7) if n > 127 else b"")


def block5(kind, flags, rest, data=b""):
    head = vint(kind) + vint(flags) + (vint(len(data)) if data else b"") + rest
    head = vint(len(head)) + head
    return struct.pack("<I", zlib.crc32(head)) + head + data


def volume5(name, data, number, start, end):
    first, last = start == 0, end == len(data)
    crc = zlib.crc32(data if last else data[start:end])
    entry = vint(4) + vint(len(data)) + vint(0o100644) + struct.pack("<I", crc) + vint(0) + vint(1) + vint(len(name)) + name
    return (b"Rar!\x1a\x07\x01\0" + block5(1, 0, vint(1) if first else vint(3) + vint(number)) +
            block5(2, 2 | (0 if first else 8) | (0 if last else 16), entry, data[start:end]) + block5(5, 0, vint(0 if last else 1)))


def write(path, data):
    os.makedirs(os.path.dirname(f"{where}/{path}"), exist_ok=True)
    with open(f"{where}/{path}", "wb") as f:
        f.write(data)


write("film/film.part1.rar", volume(b"film.mkv", film, 0, 200000))
write("film/film.part2.rar", volume(b"film.mkv", film, 200000, 300000))
write("film/film.sfv", b"checksums")
write("film/film.nfo", b"about it")
write("wanted/film.mkv", film)
with tarfile.open(f"{where}/film/subs.tar.gz", "w:gz", format=tarfile.GNU_FORMAT, encoding="latin-1") as t:
    for name, text in (("Subs/film.fran\u00e7ais.srt", b"oui"), ("Subs/film.en.srt", b"yes")):
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        t.addfile(entry, io.BytesIO(text))
with zipfile.ZipFile(f"{where}/film/beside.zip", "w") as z:
    z.writestr("film.nfo", b"about it")
write("rar5/film.part1.rar", volume5(b"film.mkv", film, 0, 0, 200000))
write("rar5/film.part2.rar", volume5(b"film.mkv", film, 1, 200000, 300000))
parts = io.BytesIO()
with zipfile.ZipFile(parts, "w") as z:
    z.writestr("film.mkv", film)
write("split/film.z01", parts.getvalue()[:200000])
write("split/film.zip", parts.getvalue()[200000:])
os.makedirs(f"{where}/bad")
with zipfile.ZipFile(f"{where}/bad/bad.zip", "w") as z:
    z.writestr("good.mkv", b"good")
    z.writestr("../../../evil.mkv", b"evil")
write("better/better.mkv", film + film)
