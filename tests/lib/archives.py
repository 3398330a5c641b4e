"""archives.py FOLDER: archives for a test of imports. film/ has film.mkv in two stored RAR volumes (which no free program
writes), a tar whose names are Latin-1, and what comes along; bad/ has a zip that would get out of its folder."""
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
os.makedirs(f"{where}/bad")
with zipfile.ZipFile(f"{where}/bad/bad.zip", "w") as z:
    z.writestr("good.mkv", b"good")
    z.writestr("../../../evil.mkv", b"evil")
write("better/better.mkv", film + film)
