"""Restores a backup from a store. Written from docs/store-format.md alone, to prove that the document is enough.

    python3 read_store.py STORE BACKUP TARGET [--phrase PHRASE | --key BASE64]

Standard library, and the commands `openssl` (AES-CTR) and `zstd`. GCM's tag is not checked here: every blob is
named by its content's HMAC, which is, and a snapshot has to be the JSON that it should be.
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import subprocess
import sys

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def command(arguments, data):
    return subprocess.run(arguments, input=data, stdout=subprocess.PIPE, check=True).stdout


def unseal(key, nonce, sealed):
    """AES-256-GCM without its tag is AES-256-CTR from block 2 on."""
    start = (nonce + b"\0\0\0\2").hex()
    return command(["openssl", "enc", "-d", "-aes-256-ctr", "-K", key.hex(), "-iv", start], sealed[:-16])


def unpack(codec, data):
    return command(["zstd", "-d", "-q", "-c"], data) if codec == 1 else data


def hkdf(key, salt, name, length):
    info = b"groundskeeper store 2 " + name.encode()
    prk = hmac.new(salt or b"\0" * 32, key, hashlib.sha256).digest()
    out, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.new(prk, block + info + bytes([number]), hashlib.sha256).digest()
        out += block
    return out[:length]


class Store:
    def __init__(self, folder, phrase=None, key=None):
        self.folder = folder
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            self.config = json.load(file)
        assert self.config["format"] == 2
        self.sealed = self.config["sealed"]
        self.places = {}
        for base, _folders, names in os.walk(os.path.join(folder, "packs")):
            for name in names:
                if name.endswith(".pack"):
                    self.read_table(os.path.join(base, name))
        if key or not self.sealed:
            self.use(base64.b64decode(key) if key else b"\0" * 32)
        else:
            assert any(self.opens(master) for master in self.unwrap(phrase)), "this phrase does not open the store"

    def use(self, master):
        self.master = master
        self.naming = hkdf(master, b"", "blob id", 32)

    def opens(self, master):
        self.use(master)
        try:
            return all(self.blob(name) is not None for name in list(self.places)[:1])
        except (AssertionError, subprocess.CalledProcessError):
            return False

    def unwrap(self, phrase):
        letters = "".join(c for c in phrase.upper().replace("I", "1").replace("L", "1").replace("O", "0") if c in LETTERS)
        check = hashlib.sha256(letters[:28].encode()).digest()
        assert len(letters) == 30 and letters[28:] == LETTERS[check[0] % 32] + LETTERS[check[1] % 32], "mistyped"
        text = "-".join(letters[at : at + 5] for at in range(0, 30, 5))
        for given in filter(None, (self.config["phrase"], self.config.get("next"))):
            salt, nonce, wrapped = (base64.b64decode(given[name]) for name in ("salt", "nonce", "wrapped"))
            key = hashlib.scrypt(text.encode(), salt=salt, n=given["n"], r=given["r"], p=given["p"], maxmem=2**28, dklen=32)
            yield unseal(key, nonce, wrapped)

    def read_table(self, path):
        with open(path, "rb") as file:
            pack = file.read()
        assert pack[:4] == b"GKP2" and pack[-4:] == b"GKPE"
        salt = pack[8:40]
        count = struct.unpack("<I", pack[-8:-4])[0]
        table = pack[-40 - 48 * count : -40]
        assert hashlib.sha256(table).digest() == pack[-40:-8]
        for at in range(0, len(table), 48):
            offset, stored, raw, codec = struct.unpack("<IIIB", table[at + 32 : at + 45])
            self.places[table[at : at + 32].hex()] = (path, salt, offset, stored, raw, codec)

    def blob(self, name):
        path, salt, offset, stored, raw, codec = self.places[name]
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read(stored)
        if self.sealed:
            data = unseal(hkdf(self.master, salt, "pack", 32), struct.pack("<I", offset) + b"\0" * 8, data)
        data = unpack(codec, data)
        found = hmac.new(self.naming, data, hashlib.sha256) if self.sealed else hashlib.sha256(data)
        assert len(data) == raw and found.hexdigest() == name, "damaged: " + name
        return data

    def snapshot(self, backup):
        record = self.record(os.path.join("snapshots", backup + ".snapshot"), b"GKS2", "snapshot", backup)
        assert record["backup"]["id"] == backup
        return record

    def mark(self, backup):
        marks = os.path.join(self.folder, "marks")
        numbers = [
            int(name.split(".")[1])
            for name in (os.listdir(marks) if os.path.isdir(marks) else [])
            if name.startswith(backup + ".") and name.endswith(".mark")
        ]
        name = os.path.join("marks", "%s.%d.mark" % (backup, max(numbers, default=0)))
        if not os.path.exists(os.path.join(self.folder, name)):
            return None
        record = self.record(name, b"GKM2", "mark", backup)
        assert record["id"] == backup
        return record

    def record(self, name, magic, purpose, backup):
        with open(os.path.join(self.folder, name), "rb") as file:
            data = file.read()
        assert data[:4] == magic
        content = data[40:-32]
        if self.sealed:
            content = unseal(hkdf(self.master, data[8:40], purpose, 32), b"\0" * 12, data[40:])
        else:
            assert hashlib.sha256(data[:40] + backup.encode() + content).digest() == data[-32:]
        return json.loads(unpack(1, content))

    def restore_folder(self, tree, target):
        os.makedirs(target, exist_ok=True)
        for entry in json.loads(self.blob(tree)):
            # A lone surrogate is a byte that was not UTF-8: just what Python calls surrogateescape.
            path = os.path.join(target, entry["name"].encode("utf-8", "surrogateescape"))
            if entry["kind"] == "folder":
                self.restore_folder(entry["tree"], path)
            elif entry["kind"] == "link":
                os.symlink(entry["target"].encode("utf-8", "surrogateescape"), path)
            else:
                with open(path, "wb") as file:
                    for name in entry["blobs"]:
                        file.write(self.blob(name))
                assert os.path.getsize(path) == entry["size"]
                os.chmod(path, entry["mode"] & 0o777)


def main():
    folder, backup, target = sys.argv[1:4]
    options = dict(zip(sys.argv[4::2], sys.argv[5::2]))
    store = Store(folder, phrase=options.get("--phrase"), key=options.get("--key"))
    record = store.snapshot(backup)
    store.restore_folder(record["root"], target.encode())
    if record["database"]:
        with open(target + ".sql", "wb") as file:
            for name in record["database"]["blobs"]:
                file.write(store.blob(name))
    mark = store.mark(backup)
    if mark and mark["pin"]:
        print("pinned: " + mark["pin"]["note"])


main()
