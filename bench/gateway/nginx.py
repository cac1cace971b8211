"""nginx as a bare proxy: one worker, connections kept open, nothing logged."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.machine import Broken, Process, started
from suite.launcher import ports

GET_IT = "nginx is not installed (Debian: apt-get install nginx-light)"
_PATIENCE = 10  # seconds
_CONFIGURATION = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    upstream service {{ server {upstream}; keepalive 100; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


def program() -> str | None:
    """Where nginx is, None without it."""
    # Debian keeps it where ordinary users do not look.
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def proxy(nginx: str, folder: Path, upstream: str, *, core: int) -> Iterator[tuple[Process, str]]:
    """The proxy before a service (host:port), and its address."""
    port, file = ports.free(), folder / "nginx.conf"
    file.write_text(_CONFIGURATION.format(folder=folder, upstream=upstream, port=port))
    with started([nginx, "-c", str(file), "-p", str(folder)], core=core, log=folder / "nginx.out") as process:
        deadline = time.monotonic() + _PATIENCE
        while ports.is_free(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"nginx did not start:\n{(folder / 'nginx.out').read_text()[-2000:]}")
            time.sleep(0.05)
        socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE).close()
        yield process, f"http://127.0.0.1:{port}"
