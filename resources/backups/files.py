# What files.php does, in Python 3, where the server has no PHP.
import hashlib, os, stat, sys, time

verb, arguments = sys.argv[1], [os.fsencode(one) for one in sys.argv[2:]]
source, sink = sys.stdin.buffer, sys.stdout.buffer
worst = 0


def say(code, path, text):
    global worst
    worst = max(worst, code)
    # Names go as GNU's tar writes them.
    name = "".join("\\\\" if one == 92 else chr(one) if 32 <= one < 127 else "\\%03o" % one for one in path)
    sys.stderr.write("%s: %s\n" % (name, text))


def number(value, length):
    if value < 8 ** (length - 1):
        return b"%0*o\0" % (length - 1, value)
    return b"\x80" + value.to_bytes(length - 1, "big")


def block(name, kind, size, mode, mtime):
    head = name[:100].ljust(100, b"\0") + number(mode & 0o7777, 8) + number(0, 8) * 2 + number(size, 12) + number(max(0, mtime), 12)
    tail = kind + bytes(100) + b"ustar  \0" + bytes(247)
    return head + b"%06o\0 " % (sum(head) + sum(tail) + 8 * 32) + tail


def padding(size):
    return bytes(-size % 512)


def list_files(marker, start, left_out):
    sink.write(marker + b"n%d\n" % time.time())
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in left_out or list_one(marker, path) != stat.S_IFDIR:
            continue
        names = names_in(path)
        if names is None:
            sink.write(marker + b"x" + path + b"\n")
        else:
            waiting.extend(names)


def list_one(marker, path):
    try:
        found = os.lstat(path)
    except OSError as error:
        say(0, path, error.strerror)
        return 0
    kind = stat.S_IFMT(found.st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return 0
    times = tuple(part for one in (found.st_mtime_ns, found.st_ctime_ns) for part in divmod(one, 10**9))
    sink.write(marker + b"s%x %d %d.%09d %d.%09d %d " % ((found.st_mode, found.st_size) + times + (found.st_ino,)) + path + b"\n")
    if kind == stat.S_IFLNK:
        try:
            sink.write(marker + b"l" + path + b"\n" + marker + b"t" + os.readlink(path) + b"\n")
        except OSError:
            pass
    return kind


def names_in(folder):
    try:
        if os.access(folder, os.R_OK | os.X_OK):
            return [folder + b"/" + name for name in sorted(os.listdir(folder), reverse=True)]
    except OSError:
        pass
    return None


def look_at_named(marker):
    sink.write(marker + b"n%d\n" % time.time())
    each_named(lambda name: list_one(marker, name))


def hash_one(algorithm, path):
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            hashed = hashlib.new(algorithm)
            for part in iter(lambda: file.read(1 << 20), b""):
                hashed.update(part)
    except OSError as error:
        return say(0, path, error.strerror)
    sink.write(hashed.hexdigest().encode() + b"  " + path + b"\0")


def hash_below(algorithm, place):
    waiting = [place]
    while waiting:
        path = waiting.pop()
        try:
            kind = stat.S_IFMT(os.lstat(path).st_mode)
        except OSError:
            continue
        if kind == stat.S_IFREG:
            hash_one(algorithm, path)
        elif kind == stat.S_IFDIR:
            waiting.extend(names_in(path) or [])


def pack_file(path):
    try:
        # What is no file any more is not waited for: a pipe would never answer.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError as error:
        return say(2, path, error.strerror)
    with file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            return say(1, path, "is no file any more")
        if len(path) > 100:
            sink.write(block(b"././@LongLink", b"L", len(path) + 1, 0o644, 0) + path + b"\0" + padding(len(path) + 1))
        sink.write(block(path, b"0", found.st_size, found.st_mode, int(found.st_mtime)))
        left = found.st_size
        while left > 0:
            try:
                part = file.read(min(left, 1 << 20))
            except OSError as error:
                say(1, path, error.strerror)
                part = b""
            if not part:
                break
            sink.write(part)
            left -= len(part)
        now = os.fstat(file.fileno())
        if left <= 0 and (now.st_size, now.st_ctime_ns, now.st_mtime_ns) != (found.st_size, found.st_ctime_ns, found.st_mtime_ns):
            say(1, path, "file changed as we read it")
        if left > 0:
            say(1, path, "File shrank by %d bytes; padding with zeros" % left)
        while left > 0:
            sink.write(bytes(min(left, 1 << 20)))
            left -= min(left, 1 << 20)
        sink.write(padding(found.st_size))


def each_named(work):
    held = b""
    while True:
        # What is there already is done, though more names are to come.
        more = os.read(source.fileno(), 65536)
        if not more:
            break
        names = (held + more).split(b"\0")
        held = names.pop()
        for name in names:
            work(name)


def pack_named():
    each_named(pack_file)
    sink.write(bytes(1024))


def take(length):
    data = source.read(length)
    if len(data) < length:
        sys.exit("the archive broke off")
    return data


def read_number(field):
    return int.from_bytes(field[1:], "big") if field[0] == 0x80 else int(field.strip(b"\0 ") or b"0", 8)


def unpack_all():
    long, folders = {}, []
    while True:
        head = take(512)
        if not head.strip(b"\0"):
            break
        kind, size = head[156:157], read_number(head[124:136])
        if kind in (b"L", b"K"):
            long[kind] = take(size).split(b"\0")[0]
            take(len(padding(size)))
            continue
        name = long.get(b"L", head[:100].split(b"\0")[0])
        target = long.get(b"K", head[157:257].split(b"\0")[0])
        long = {}
        mode, mtime = read_number(head[100:108]), read_number(head[136:148])
        if kind == b"5":
            name = name.rstrip(b"/")
            if not os.path.isdir(name):
                os.mkdir(name, 0o700)
            folders.append((name, mode, mtime))
            continue
        if os.path.lexists(name):
            os.remove(name)
        if kind == b"2":
            os.symlink(target, name)
            continue
        with open(name, "xb") as file:
            left = size
            while left > 0:
                part = take(min(left, 1 << 20))
                file.write(part)
                left -= len(part)
        os.chmod(name, mode)
        os.utime(name, (mtime, mtime))
        take(len(padding(size)))
    for name, mode, mtime in reversed(folders):
        os.chmod(name, mode)
        os.utime(name, (mtime, mtime))


if verb == "list":
    list_files(arguments[0], arguments[1], set(arguments[2:]))
elif verb == "look":
    look_at_named(arguments[0])
elif verb == "pack":
    pack_named()
elif verb == "hash" and len(arguments) == 1:
    each_named(lambda name: hash_one(arguments[0].decode(), name))
elif verb == "hash":
    for place in arguments[1:]:
        hash_below(arguments[0].decode(), place)
else:
    unpack_all()
sink.flush()
sys.exit(worst)
