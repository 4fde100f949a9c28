/*
 * A disk that fails on demand, for one folder: preloaded into a process (LD_PRELOAD), it stands between the C library and
 * whatever writes, Node, its threads and SQLite alike. disk.ts builds and steers it.
 *
 * FAILING_DISK         a file of 32-bit numbers, shared with who steers: see `struct control`
 * FAILING_DISK_UNDER   the folder that it is about
 * FAILING_DISK_SAVE    a folder on the same disk, for what a power cut brings back
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

/* Kinds of calls. Reading is no write point. */
enum { SPACE = 1, SYNC = 2, CHANGE = 4, READ = 8 };
enum { NOTHING = 0, KILL = 1, TORN = 2, POWER = 3, REFUSE = 4, GONE = 5 };

static struct control {
  int32_t count;  /* write points so far */
  int32_t action; /* what happens at a write point */
  int32_t at;     /* the first point at which it does */
  int32_t until;  /* the first at which it does no more, for REFUSE */
  int32_t error;  /* errno, for REFUSE and GONE */
  int32_t kinds;  /* of calls, for REFUSE */
  int32_t seed;   /* for POWER: what of the unsynced is lost */
  int32_t visit;  /* how often it has come back: what was opened before is dead for ever, as on a disk that was taken away */
} *control;

static char under[4096], save[4096];
static size_t under_length;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define FDS 65536
/* 0: not ours; 1: ours; 2: ours, and SQLite's, which has its own tests for power cuts. */
static unsigned char ours[FDS];
static int32_t visits[FDS];
static struct { dev_t dev; ino_t ino; } files[FDS];

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
  const char *file = getenv("FAILING_DISK"), *folder = getenv("FAILING_DISK_UNDER"), *keep = getenv("FAILING_DISK_SAVE");
  if (!file || !folder || !keep) return;
  int fd = REAL(open)(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REAL(close)(fd);
  if (page == MAP_FAILED) return;
  snprintf(under, sizeof under, "%s", folder);
  snprintf(save, sizeof save, "%s", keep);
  under_length = strlen(under);
  control = page;
}

static int is_ours(const char *path) {
  if (!control || !path || strncmp(path, under, under_length)) return 0;
  if (path[under_length] != '/' && path[under_length] != 0) return 0;
  return strstr(path, "/index.db") || strstr(path, "/owner.lock") ? 2 : 1;
}
/* libuv closes files past the C library, so a number may be another's by now: a pipe's, say. */
static int fd_is_ours(int fd) {
  struct stat s;
  if (fd < 0 || fd >= FDS || !ours[fd]) return 0;
  if (REAL(fstat)(fd, &s) || s.st_dev != files[fd].dev || s.st_ino != files[fd].ino) ours[fd] = 0;
  return ours[fd];
}

/* What a power cut may lose: contents, and changes of folders, that were not synced. */
#define MOST 4096
enum { RENAMED = 1, REMOVED, MADE };
static struct { int fd; dev_t dev; ino_t ino; } dirty[MOST];
static struct { int what; char *from, *to, *saved; } changes[MOST];
static int dirties, changed, saves;

static void written(int fd) {
  struct stat s;
  if (!control || control->action != POWER || fd_is_ours(fd) != 1 || REAL(fstat)(fd, &s)) return;
  pthread_mutex_lock(&lock);
  int known = 0;
  for (int i = 0; i < dirties; i++) known |= dirty[i].fd >= 0 && dirty[i].dev == s.st_dev && dirty[i].ino == s.st_ino;
  if (!known && dirties < MOST) {
    dirty[dirties].fd = fcntl(fd, F_DUPFD_CLOEXEC, 200);
    dirty[dirties].dev = s.st_dev;
    dirty[dirties++].ino = s.st_ino;
  }
  pthread_mutex_unlock(&lock);
}

static int in_folder(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return path && !strncmp(path, folder, length) && path[length] == '/' && !strchr(path + length + 1, '/');
}

static void synced(int fd) {
  struct stat s;
  char name[64], path[4096];
  if (!control || control->action != POWER || REAL(fstat)(fd, &s)) return;
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(name, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < dirties; i++)
    if (dirty[i].fd >= 0 && dirty[i].dev == s.st_dev && dirty[i].ino == s.st_ino) {
      REAL(close)(dirty[i].fd);
      dirty[i].fd = -1;
    }
  if (S_ISDIR(s.st_mode))
    for (int i = 0; i < changed; i++)
      if (in_folder(changes[i].from, path) || in_folder(changes[i].to, path)) changes[i].what = 0;
  pthread_mutex_unlock(&lock);
}

/* Keeps what a change replaces or removes, so that it can come back. */
static char *keep(const char *path) {
  char name[4200];
  snprintf(name, sizeof name, "%s/%d-%d", save, getpid(), saves++);
  return REAL(link)(path, name) ? NULL : strdup(name);
}

static void note(int what, const char *from, const char *to, char *saved) {
  if (changed >= MOST) return;
  changes[changed].what = what;
  changes[changed].from = from ? strdup(from) : NULL;
  changes[changed].to = to ? strdup(to) : NULL;
  changes[changed++].saved = saved;
}

static void remove_all(const char *path) {
  char command[4200];
  unsetenv("LD_PRELOAD");
  snprintf(command, sizeof command, "rm -rf -- '%s'", path);
  if (system(command)) return;
}

static void cut_the_power(void) {
  unsigned seed = (unsigned)control->seed;
  for (int i = 0; i < dirties; i++) {
    struct stat s;
    if (dirty[i].fd < 0 || REAL(fstat)(dirty[i].fd, &s)) continue;
    if (rand_r(&seed) % 4) (void)!REAL(ftruncate)(dirty[i].fd, s.st_size * (rand_r(&seed) % 3) / 3);
  }
  for (int i = changed - 1; i >= 0; i--) {
    if (!changes[i].what || rand_r(&seed) % 4 == 0) continue;
    if (changes[i].what == RENAMED) REAL(rename)(changes[i].to, changes[i].from);
    if (changes[i].what == RENAMED && changes[i].saved) REAL(rename)(changes[i].saved, changes[i].to);
    if (changes[i].what == REMOVED && changes[i].saved) REAL(link)(changes[i].saved, changes[i].to);
    if (changes[i].what == MADE) remove_all(changes[i].to);
  }
}

static void die(void) {
  if (control->action == POWER) {
    pthread_mutex_lock(&lock);
    cut_the_power();
  }
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* What becomes of a call: 0: it goes on; 1: half of what it writes, then the end; -1: it fails, with errno. */
static int point(int mine, int kind) {
  if (!mine || !control) return 0;
  int32_t action = __atomic_load_n(&control->action, __ATOMIC_SEQ_CST);
  if (action == GONE) {
    if (__atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST) < control->at) return 0;
    errno = control->error;
    return -1;
  }
  int32_t now = kind == READ ? control->count : __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
  if (action == REFUSE) {
    if (!(kind & control->kinds) || now < control->at || now >= control->until) return 0;
    errno = control->error;
    return -1;
  }
  if (action == NOTHING || kind == READ || now < control->at) return 0;
  if (now > control->at)
    for (;;) pause(); /* Another thread is ending it. */
  if (action == TORN && kind == SPACE) return 1;
  die();
  return 0;
}

/* The same of a file that is open: where the disk has gone it is stale, whatever becomes of names. */
static int fd_point(int fd, int kind) {
  int mine = fd_is_ours(fd);
  if (mine && control && visits[fd] != control->visit) {
    errno = ESTALE;
    return -1;
  }
  int now = point(mine, kind);
  if (now < 0 && errno == ENOENT) errno = ESTALE;
  return now;
}

static int opened(int fd, int mine) {
  if (fd >= 0 && fd < FDS) {
    ours[fd] = (unsigned char)mine;
    struct stat s;
    if (mine && !REAL(fstat)(fd, &s)) {
      visits[fd] = control->visit;
      files[fd].dev = s.st_dev;
      files[fd].ino = s.st_ino;
    }
  }
  return fd;
}
static int kind_of_open(int flags) { return flags & (O_CREAT | O_TRUNC) ? SPACE : flags & (O_WRONLY | O_RDWR) ? CHANGE : READ; }

#define OPEN(name)                                                                    \
  int name(const char *path, int flags, ...) {                                        \
    va_list rest;                                                                     \
    va_start(rest, flags);                                                            \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;           \
    va_end(rest);                                                                     \
    int mine = is_ours(path), now = point(mine, kind_of_open(flags));                 \
    if (now < 0) return -1;                                                           \
    if (now > 0) die();                                                               \
    return opened(REAL(name)(path, flags, mode), mine);                               \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                  \
  int name(int folder, const char *path, int flags, ...) {                            \
    va_list rest;                                                                     \
    va_start(rest, flags);                                                            \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;           \
    va_end(rest);                                                                     \
    int mine = is_ours(path), now = point(mine, kind_of_open(flags));                 \
    if (now < 0) return -1;                                                           \
    if (now > 0) die();                                                               \
    return opened(REAL(name)(folder, path, flags, mode), mine);                       \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  if (fd >= 0 && fd < FDS) ours[fd] = 0;
  return REAL(close)(fd);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  int now = fd_point(fd, SPACE);
  if (now < 0) return -1;
  ssize_t done = REAL(write)(fd, bytes, now > 0 ? length / 2 : length);
  if (now > 0) die();
  written(fd);
  return done;
}

#define PWRITE(name, offset_type)                                                     \
  ssize_t name(int fd, const void *bytes, size_t length, offset_type at) {            \
    int now = fd_point(fd, SPACE);                                           \
    if (now < 0) return -1;                                                           \
    ssize_t done = REAL(name)(fd, bytes, now > 0 ? length / 2 : length, at);          \
    if (now > 0) die();                                                               \
    written(fd);                                                                      \
    return done;                                                                      \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
  int now = fd_point(fd, SPACE);
  if (now < 0) return -1;
  ssize_t done = REAL(writev)(fd, parts, now > 0 ? count / 2 : count);
  if (now > 0) die();
  written(fd);
  return done;
}

#define PWRITEV(name, offset_type)                                                    \
  ssize_t name(int fd, const struct iovec *parts, int count, offset_type at) {        \
    int now = fd_point(fd, SPACE);                                           \
    if (now < 0) return -1;                                                           \
    ssize_t done = REAL(name)(fd, parts, now > 0 ? count / 2 : count, at);            \
    if (now > 0) die();                                                               \
    written(fd);                                                                      \
    return done;                                                                      \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define COPY(name, parameters, to, given)                                             \
  ssize_t name parameters {                                                           \
    int now = fd_point(to, SPACE);                                           \
    if (now < 0) return -1;                                                           \
    if (now > 0) length /= 2;                                                         \
    ssize_t done = REAL(name) given;                                                  \
    if (now > 0) die();                                                               \
    written(to);                                                                      \
    return done;                                                                      \
  }
COPY(sendfile, (int to, int from, off_t *at, size_t length), to, (to, from, at, length))
COPY(sendfile64, (int to, int from, off64_t *at, size_t length), to, (to, from, at, length))
COPY(copy_file_range, (int from, off64_t *a, int to, off64_t *b, size_t length, unsigned flags), to,
     (from, a, to, b, length, flags))

#define ON_FD(name, parameters, kind, given, after)                                   \
  int name parameters {                                                               \
    int now = fd_point(fd, kind);                                            \
    if (now < 0) return -1;                                                           \
    if (now > 0) die();                                                               \
    int done = REAL(name) given;                                                      \
    if (done == 0) after(fd);                                                         \
    return done;                                                                      \
  }
ON_FD(fsync, (int fd), SYNC, (fd), synced)
ON_FD(fdatasync, (int fd), SYNC, (fd), synced)
ON_FD(ftruncate, (int fd, off_t length), CHANGE, (fd, length), written)
ON_FD(ftruncate64, (int fd, off64_t length), CHANGE, (fd, length), written)

int rename(const char *from, const char *to) {
  int mine = is_ours(from) | is_ours(to), cut = control && control->action == POWER && mine == 1;
  if (point(mine, CHANGE) < 0) return -1;
  if (cut) pthread_mutex_lock(&lock);
  char *saved = cut ? keep(to) : NULL;
  int done = REAL(rename)(from, to);
  if (cut && done == 0) note(RENAMED, from, to, saved);
  if (cut) pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  int mine = is_ours(path), cut = control && control->action == POWER && mine == 1;
  if (point(mine, CHANGE) < 0) return -1;
  if (cut) pthread_mutex_lock(&lock);
  char *saved = cut ? keep(path) : NULL;
  int done = REAL(unlink)(path);
  if (cut && done == 0) note(REMOVED, NULL, path, saved);
  if (cut) pthread_mutex_unlock(&lock);
  return done;
}

int unlinkat(int folder, const char *path, int flags) {
  if (point(is_ours(path), CHANGE) < 0) return -1;
  return REAL(unlinkat)(folder, path, flags);
}

int mkdir(const char *path, mode_t mode) {
  int mine = is_ours(path), cut = control && control->action == POWER && mine == 1;
  struct stat s;
  /* One that is there already is no change. */
  if (mine && control->action != GONE && !(control->action == REFUSE && control->kinds & READ) && !REAL(stat)(path, &s)) {
    errno = EEXIST;
    return -1;
  }
  if (point(mine, SPACE) != 0) {
    if (control->action == REFUSE || control->action == GONE) return -1;
    die();
  }
  int done = REAL(mkdir)(path, mode);
  if (cut && done == 0) {
    pthread_mutex_lock(&lock);
    note(MADE, NULL, path, NULL);
    pthread_mutex_unlock(&lock);
  }
  return done;
}

int rmdir(const char *path) {
  if (point(is_ours(path), CHANGE) < 0) return -1;
  return REAL(rmdir)(path);
}

/* Reading, for a disk that is not there at all. */
#define READING(type, failed, name, parameters, reached, given)                      \
  type name parameters {                                                              \
    if ((reached) < 0) return failed;                                                 \
    return REAL(name) given;                                                          \
  }
#define BY_FD(type, name, parameters, given) READING(type, -1, name, parameters, fd_point(fd, READ), given)
#define BY_NAME(type, failed, name, parameters, given) READING(type, failed, name, parameters, point(is_ours(path), READ), given)
BY_FD(ssize_t, read, (int fd, void *bytes, size_t length), (fd, bytes, length))
BY_FD(ssize_t, pread, (int fd, void *bytes, size_t length, off_t at), (fd, bytes, length, at))
BY_FD(ssize_t, pread64, (int fd, void *bytes, size_t length, off64_t at), (fd, bytes, length, at))
BY_FD(ssize_t, preadv, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
BY_FD(ssize_t, preadv64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
BY_FD(int, fstat, (int fd, struct stat *found), (fd, found))
BY_FD(int, fstat64, (int fd, struct stat64 *found), (fd, found))
BY_NAME(int, -1, stat, (const char *path, struct stat *found), (path, found))
BY_NAME(int, -1, stat64, (const char *path, struct stat64 *found), (path, found))
BY_NAME(int, -1, lstat, (const char *path, struct stat *found), (path, found))
BY_NAME(int, -1, lstat64, (const char *path, struct stat64 *found), (path, found))
BY_NAME(int, -1, statfs, (const char *path, struct statfs *found), (path, found))
BY_NAME(int, -1, statfs64, (const char *path, struct statfs64 *found), (path, found))
BY_NAME(int, -1, access, (const char *path, int mode), (path, mode))
BY_NAME(char *, NULL, realpath, (const char *path, char *found), (path, found))
BY_NAME(DIR *, NULL, opendir, (const char *path), (path))
BY_NAME(int, -1, scandir64,
        (const char *path, struct dirent64 ***found, int (*want)(const struct dirent64 *),
         int (*order)(const struct dirent64 **, const struct dirent64 **)),
        (path, found, want, order))

int statx(int folder, const char *path, int flags, unsigned mask, struct statx *found) {
  /* Of an open file the name is empty. */
  if ((*path ? point(is_ours(path), READ) : fd_point(folder, READ)) < 0) return -1;
  return REAL(statx)(folder, path, flags, mask, found);
}

/* Locks. */
#define FCNTL(name)                                                                   \
  int name(int fd, int command, ...) {                                                \
    va_list rest;                                                                     \
    va_start(rest, command);                                                          \
    void *given = va_arg(rest, void *);                                               \
    va_end(rest);                                                                     \
    if ((command == F_SETLK || command == F_SETLKW || command == F_GETLK) && fd_point(fd, READ) < 0) return -1; \
    return REAL(name)(fd, command, given);                                            \
  }
FCNTL(fcntl)
FCNTL(fcntl64)
