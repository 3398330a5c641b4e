#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "placing.h"

enum {
	LAST_BLOCK = 1024 * 1024,	/* of a part, compared before it is gone on with */
	HOLE_TURN = 1024 * 1024 * 1024, /* nothing is read of a hole, but it is hashed */
	BLOCK = 512			/* of st_blocks */
};

static off_t least(off_t a, off_t b)
{
	return a < b ? a : b;
}

static bool changed(struct tow_placing *p, struct tow_err *e)
{
	p->spoilt = true;
	return tow_fail_class(e, TOW_RETRY, "place.size", "'%s' changed while it was read",
			      p->from);
}

/*--- reading */

static char *buffer_of(struct tow_placing *p, char **buffer)
{
	if (!*buffer)
		*buffer = tow_alloc(&p->arena, PLACE_BUFFER);
	return *buffer;
}

/* As many bytes as there are; -1 with errno. */
static ssize_t read_at(int fd, char *data, size_t len, off_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, data + done, len - done, at + (off_t)done);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)done;
}

/* Of the source, all that is asked for; the hash takes it in. */
static bool read_source(struct tow_placing *p, size_t len, off_t at, struct tow_err *e)
{
	char *buffer = buffer_of(p, &p->buffer);
	ssize_t n = read_at(p->file, buffer, len, at);

	if (n < 0)
		return place_fail_from(e, "read", p->from, errno);
	if ((size_t)n < len)
		return changed(p, e);
	xxh_add(p->hash, buffer, len);
	return true;
}

/* Whether other holds what the source does; when it cannot be read, it does not. */
static bool same(struct tow_placing *p, int other, off_t from, off_t len, bool *equal,
		 struct tow_err *e)
{
	char *buffer = buffer_of(p, &p->other);

	*equal = true;
	while (len > 0 && *equal) {
		size_t n = (size_t)least(len, PLACE_BUFFER);

		if (!read_source(p, n, from, e))
			return false;
		*equal = read_at(other, buffer, n, from) == (ssize_t)n &&
			 memcmp(buffer, p->buffer, n) == 0;
		from += (off_t)n;
		len -= (off_t)n;
	}
	return true;
}

bool place_compare(struct tow_placing *p, struct tow_err *e)
{
	off_t n = least(PLACE_TURN, p->st.st_size - p->seen);
	bool equal;
	int error;

	if (p->seen == 0)
		xxh_reset(p->hash);
	if (!same(p, p->there_fd, p->seen, n, &equal, e))
		return false;
	p->seen += n;
	if (!equal)
		return place_other(p, e);
	if (p->seen < p->st.st_size)
		return true;
	xxh_hex(p->hash, p->hex);
	error = place_sync(p->there_fd); /* whoever placed it may have crashed before he did */
	return error ? place_fail(e, "write", p->to, error) : place_adopt(p, e);
}

/*--- the part: a hidden file that outlives us */

/* Who, what it is to become, and what the source is: one that has changed has another name. */
static const char *part_prefix(struct tow_placing *p)
{
	return tow_fmt(&p->arena, ".tow-%s-%016llx-", p->rules.who,
		       xxh_short(p->base, strlen(p->base)));
}

const char *place_part_name(struct tow_placing *p)
{
	const long long identity[] = {
		(long long)p->st.st_dev,	  (long long)p->st.st_ino,
		(long long)p->st.st_size,	  (long long)p->st.st_mtim.tv_sec,
		(long long)p->st.st_mtim.tv_nsec,
	};

	return tow_fmt(&p->arena, "%s%016llx.part", part_prefix(p),
		       xxh_short(identity, sizeof(identity)));
}

static void freep_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Parts of ours for this very name, of a source that is no more what it was. */
static void sweep(struct tow_placing *p, const char *part)
{
	const char *prefix = part_prefix(p);
	int fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(freep_dir))) DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		close(fd);
	for (const struct dirent *x; d && (x = readdir(d));)
		if (strncmp(x->d_name, prefix, strlen(prefix)) == 0 && strcmp(x->d_name, part) != 0)
			unlinkat(p->dir, x->d_name, 0);
}

/* A file of that name that is not ours to write into (a link, a second name of something) goes. */
static int open_part(struct tow_placing *p)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	const char *part = place_part_name(p);
	struct stat st;

	sweep(p, part);
	for (int tries = 0; tries < 3; tries++) {
		p->stage = openat(p->dir, part, flags, 0666);
		if (p->stage < 0 && errno != ELOOP)
			return errno;
		if (p->stage >= 0 && flock(p->stage, LOCK_EX | LOCK_NB) != 0 &&
		    errno == EWOULDBLOCK) {
			tow_closep(&p->stage);
			return EBUSY;
		}
		if (p->stage >= 0 && fstat(p->stage, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_nlink <= 1) {
			p->part = part;
			return 0;
		}
		tow_closep(&p->stage);
		if (unlinkat(p->dir, part, 0) != 0 && errno != ENOENT)
			return errno;
	}
	return EBUSY;
}

/* A file without a name leaves nothing behind, but nothing to go on with either. */
static int open_stage(struct tow_placing *p, bool named)
{
	if (p->stage >= 0 && (p->part || !named))
		return 0;
	tow_closep(&p->stage);
	if (named)
		return open_part(p);
	p->stage = openat(p->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (p->stage >= 0)
		return 0;
	return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? open_part(p) : errno;
}

/* The last block is what a crash may have left unwritten. */
static bool go_on(struct tow_placing *p, struct tow_err *e)
{
	off_t last;
	bool equal = false;
	struct stat st;

	if (fstat(p->stage, &st) != 0)
		return place_fail(e, "write", p->to, errno);
	p->prefix = st.st_size <= p->st.st_size ? st.st_size : 0;
	last = least(p->prefix, LAST_BLOCK);
	if (last > 0 && !same(p, p->stage, p->prefix - last, last, &equal, e))
		return false;
	if (!equal)
		p->prefix = 0;
	if (p->prefix != st.st_size && ftruncate(p->stage, p->prefix) != 0)
		return place_fail(e, "write", p->to, errno);
	p->resumed = p->prefix > 0;
	return true;
}

static bool enough_space(struct tow_placing *p, struct tow_err *e)
{
	off_t blocks = (off_t)p->st.st_blocks * BLOCK;
	long long need = (blocks ? least(blocks, p->st.st_size) : p->st.st_size) - p->prefix, free;
	struct statvfs v;

	if (fstatvfs(p->dir, &v) != 0 || v.f_blocks == 0) /* some do not know */
		return true;
	free = (long long)v.f_bavail * (long long)v.f_frsize;
	if (need <= 0 || free - p->rules.reserve >= need)
		return true;
	return tow_fail_class(e, TOW_RETRY, "local.space",
			      "not enough room for '%s': it needs %s, and %s are free, of which %s "
			      "are to be left",
			      p->to, tow_bytes(&p->arena, need), tow_bytes(&p->arena, free),
			      tow_bytes(&p->arena, p->rules.reserve));
}

static bool begin_copy(struct tow_placing *p, struct tow_err *e)
{
	if (!go_on(p, e) || !enough_space(p, e))
		return false;
	xxh_reset(p->hash);
	p->sparse = (off_t)p->st.st_blocks * BLOCK < p->st.st_size;
	p->by_kernel = true;
	p->at = p->seen = 0;
	p->state = p->resumed ? AT_REHASH : AT_COPY;
	return true;
}

bool place_stage(struct tow_placing *p, struct tow_err *e)
{
	bool clone = place_mode(p) == PLACE_REFLINK;
	int error = open_stage(p, !clone && p->st.st_size > PLACE_TURN);

	if (error)
		return place_fail(e, "write beside", p->to, error);
	if (!clone)
		return begin_copy(p, e);
	if (ioctl(p->stage, FICLONE, p->file) == 0) {
		p->at = p->st.st_size;
		p->state = AT_SEAL;
		return true;
	}
	return place_passes_on(errno) ? place_next_mode(p, errno)
				      : place_fail(e, "clone to", p->to, errno);
}

/*--- copying */

/* Of the part, or, where the copy will be read again anyway, of the source: then that tells whether
 * the part is right. */
bool place_rehash(struct tow_placing *p, struct tow_err *e)
{
	off_t end = least(p->prefix, p->seen + PLACE_TURN);

	while (p->seen < end) {
		size_t n = (size_t)least(PLACE_BUFFER, end - p->seen);

		if (p->rules.verify) {
			if (!read_source(p, n, p->seen, e))
				return false;
		} else if (read_at(p->stage, buffer_of(p, &p->buffer), n, p->seen) == (ssize_t)n) {
			xxh_add(p->hash, p->buffer, n);
		} else {
			p->spoilt = true;
			return place_fail(e, "read again", p->to, EIO);
		}
		p->seen += (off_t)n;
	}
	p->at = p->seen;
	if (p->seen == p->prefix)
		p->state = AT_COPY;
	return true;
}

static bool write_at(int fd, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			at += n;
		}
	}
	return true;
}

/* How many bytes the kernel copied. Whatever stops it, writing by hand finds out what is wrong. */
static size_t copy_by_kernel(struct tow_placing *p, size_t len)
{
	off_t in = p->at, out = in;
	size_t done = 0;

	while (p->by_kernel && done < len) {
		ssize_t n = copy_file_range(p->file, &in, p->stage, &out, len - done, 0);

		p->by_kernel = n > 0 || (n < 0 && errno == EINTR);
		done += n > 0 ? (size_t)n : 0;
	}
	return done;
}

/* What is dirty stays little: the last fsync is short then, and other files stay in memory. The
 * wait is for the turn before. An error that is told here is not told again by fsync. */
static bool write_behind(struct tow_placing *p, off_t at, off_t len)
{
	const unsigned wait =
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	bool good = sync_file_range(p->stage, at, len, SYNC_FILE_RANGE_WRITE) == 0;

	if (good && p->behind_len > 0) {
		good = sync_file_range(p->stage, p->behind, p->behind_len, wait) == 0;
		posix_fadvise(p->stage, p->behind, p->behind_len, POSIX_FADV_DONTNEED);
	}
	p->behind = at;
	p->behind_len = len;
	return good || errno == ENOSYS || errno == EINVAL || errno == ESPIPE;
}

static bool copy_data(struct tow_placing *p, size_t len, struct tow_err *e)
{
	size_t copied = copy_by_kernel(p, len);

	for (size_t done = 0; done < len;) {
		bool is_there = done < copied;
		size_t n = (size_t)least(PLACE_BUFFER, (off_t)((is_there ? copied : len) - done));
		off_t at = p->at + (off_t)done;

		if (!read_source(p, n, at, e))
			return false;
		if (!is_there && !write_at(p->stage, p->buffer, n, at))
			return place_fail(e, "write", p->to, errno);
		done += n;
	}
	if (!write_behind(p, p->at, (off_t)len))
		return place_fail(e, "write", p->to, errno);
	p->at += (off_t)len;
	return true;
}

/* The bytes up to the next data, or to its end where it begins here. */
static off_t next_piece(struct tow_placing *p, bool *hole)
{
	off_t end = p->st.st_size;
	off_t data = p->sparse ? lseek(p->file, p->at, SEEK_DATA) : p->at;

	if (data < 0 && errno != ENXIO) /* none: that knows no holes */
		data = p->at;
	else if (data < 0 || data > end)
		data = end;
	*hole = data > p->at;
	if (*hole)
		return least(data - p->at, HOLE_TURN);
	data = p->sparse ? lseek(p->file, p->at, SEEK_HOLE) : end;
	return least(PLACE_TURN, (data > p->at ? least(data, end) : end) - p->at);
}

bool place_copy(struct tow_placing *p, struct tow_err *e)
{
	bool hole = false;
	off_t n = p->at < p->st.st_size ? next_piece(p, &hole) : 0;

	if (hole) {
		xxh_zeros(p->hash, (size_t)n);
		p->at += n;
	} else if (n > 0 && !copy_data(p, (size_t)n, e)) {
		return false;
	}
	if (p->at < p->st.st_size)
		return true;
	xxh_hex(p->hash, p->hex);
	p->state = AT_SEAL;
	return true;
}

static bool is_unchanged(const struct stat *was, const struct stat *is)
{
	return is->st_size == was->st_size && is->st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       is->st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

/* What cannot keep times is still a place for files. */
static int keep_times(struct tow_placing *p)
{
	const struct timespec times[] = { p->st.st_atim, p->st.st_mtim };

	if (futimens(p->stage, times) == 0 || errno == EPERM || errno == ENOSYS ||
	    errno == EOPNOTSUPP)
		return 0;
	return errno;
}

/* In this order: what is written moves the time, and who gave it away may not set it. */
static int seal(struct tow_placing *p)
{
	int error = ftruncate(p->stage, p->st.st_size) == 0 ? 0 : errno; /* a hole at the end */

	if (!error)
		error = keep_times(p);
	if (!error)
		error = place_own(p->stage, p->rules.file_mode, &p->rules);
	return error ? error : place_sync(p->stage);
}

bool place_seal(struct tow_placing *p, struct tow_err *e)
{
	bool copied = p->hex[0] != '\0';
	struct stat now;
	int error;

	if (fstat(p->file, &now) != 0)
		return place_fail_from(e, "look at", p->from, errno);
	if (!is_unchanged(&p->st, &now))
		return changed(p, e);
	error = seal(p);
	if (error)
		return place_fail(e, "finish", p->to, error);
	p->seen = 0;
	p->staged = true;
	p->state = copied && p->rules.verify ? AT_VERIFY : AT_PUT;
	return true;
}

bool place_verify(struct tow_placing *p, struct tow_err *e)
{
	off_t end = least(p->st.st_size, p->seen + PLACE_TURN);
	char hex[XXH_HEX_SIZE];

	if (p->seen == 0) {
		xxh_reset(p->hash);
		posix_fadvise(p->stage, 0, 0,
			      POSIX_FADV_DONTNEED); /* from the disk, if it can be */
	}
	while (p->seen < end) {
		size_t n = (size_t)least(PLACE_BUFFER, end - p->seen);

		if (read_at(p->stage, buffer_of(p, &p->buffer), n, p->seen) != (ssize_t)n)
			break;
		xxh_add(p->hash, p->buffer, n);
		p->seen += (off_t)n;
	}
	if (p->seen == end && end < p->st.st_size)
		return true;
	xxh_hex(p->hash, hex);
	p->spoilt = p->seen < end || strcmp(hex, p->hex) != 0;
	if (p->spoilt)
		return tow_fail_class(e, TOW_RETRY, "local.io",
				      "the copy '%s' is not what was written", p->to);
	p->state = AT_PUT;
	return true;
}
