/* A service manager's ear: notify SOCKET prints what is sent to that datagram socket, a line a
 * message, until it is ended. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char said[4096];
	ssize_t n;

	if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 1;
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return 1;
	while ((n = recv(fd, said, sizeof(said) - 1, 0)) >= 0) {
		for (ssize_t i = 0; i < n; i++)
			if (said[i] == '\n')
				said[i] = ' ';
		said[n] = '\0';
		puts(said);
		fflush(stdout);
	}
	return 0;
}
