# shellcheck shell=bash
# tow serve behind nginx, which has the certificate, at a path of its own; source it after instance.sh and serve.sh.
#
#	tls_start	starts both: TLS_PORT (of 127.0.0.1), TLS_NAME (jobs.example:PORT), TLS_URL (https://TLS_NAME/tow)
#	tls args...	curl there; it believes any certificate

# What stands of it on the page about the API is what is tried.
tls_config() { # folder port
	cat <<-END
		user root;
		worker_processes 1;
		daemon off;
		pid $1/pid;
		error_log $1/error.log;
		events {}
		http {
		access_log off;
		client_body_temp_path $1/body;
		proxy_temp_path $1/proxy;
		fastcgi_temp_path $1/fastcgi;
		uwsgi_temp_path $1/uwsgi;
		scgi_temp_path $1/scgi;
		server {
		listen 127.0.0.1:$2 ssl;
		ssl_certificate $1/cert.pem;
		ssl_certificate_key $1/key.pem;
		$(sed -n '/^    location \/tow/,/^    }/p' contrib/docs/api.md | sed "s|127.0.0.1:7077|${SERVE_URL#http://}|")
		}
		}
	END
}

# shellcheck disable=SC2034,SC2154 # the tests read these; instance_dir is instance.sh's
tls_start() {
	local dir=$instance_dir/nginx
	mkdir -p "$dir"
	TLS_PORT=$(python3 tests/lib/free_port.py)
	TLS_NAME=jobs.example:$TLS_PORT TLS_URL=https://jobs.example:$TLS_PORT/tow
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=jobs.example -days 2 -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null || return
	serve_start --public "$TLS_URL" || return
	tls_config "$dir" "$TLS_PORT" >"$dir/conf"
	nginx -e "$dir/error.log" -p "$dir" -c "$dir/conf" >"$dir/out" 2>&1 &
	TLS_PID=$!
	instance_pids+=("$TLS_PID")
	wait_until '[ "$(tls "$TLS_URL/api/v1/health" -o /dev/null -w "%{http_code}")" = 200 ]' || cat "$dir/out" "$dir/error.log"
}

tls() {
	curl -s -m 120 -k --resolve "$TLS_NAME:127.0.0.1" "$@"
}
