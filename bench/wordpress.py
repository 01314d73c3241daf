"""A peer for a cold page and for a decision: WordPress as Debian packs it, with MariaDB, PHP-FPM and nginx.

Everything of it runs in a folder of the bench and ends with it. WordPress decides as its desk does: one POST to
admin-ajax.php ("dim-comment", its moderation list's Approve), signed in, with the nonce of the list.
"""

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from http.client import HTTPConnection
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import sqlalchemy as sa

from app.comments import moderation
from app.comments.models import Comment
from app.db import db

from .building import Column
from .desk import Desk
from .measuring import Missing, free_port, median_of_pairs, needs, requests_per_second, seconds_of, served, wait_for
from .readers import newest

Row = tuple[str, str, str, bool]
"""What, measured, bar, does it hold."""

PACKED = Path("/usr/share/wordpress")
PACKAGES = "wordpress wordpress-theme-twentytwentythree php-fpm php-mysql mariadb-server nginx-light"
PASSWORD = "bench-only-and-gone-with-it"
DECISIONS, ROUNDS = 20, 5
CONFIGURATION = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{folder}/mysql.sock'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_HOME', 'http://127.0.0.1:{port}'); define('WP_SITEURL', 'http://127.0.0.1:{port}');
define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
INSTALL = """<?php
define('WP_INSTALLING', true); $_SERVER['HTTP_HOST'] = '127.0.0.1:{port}';
function wp_mail() {{ return true; }}
require '{folder}/site/wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Bench', 'editor', 'editor@example.org', true, '', '{password}', 'en_GB');
"""
FILL = """<?php
$_SERVER['HTTP_HOST'] = '127.0.0.1:{port}'; require '{folder}/site/wp-load.php';
$all = json_decode(file_get_contents('{folder}/all.json'), true);
update_option('thread_comments', 0); update_option('page_comments', 0); update_option('comments_notify', 0);
update_option('moderation_notify', 0);
$post = wp_insert_post(['post_title' => $all['title'], 'post_content' => $all['html'], 'post_status' => 'publish',
  'post_author' => 1, 'comment_status' => 'open']);
foreach ($all['comments'] as [$name, $text, $approved])
  wp_insert_comment(['comment_post_ID' => $post, 'comment_author' => $name, 'comment_content' => $text,
    'comment_approved' => $approved]);
echo $post;
"""
FPM = """[global]
error_log = {folder}/fpm.log
daemonize = no
[www]
user = root
group = root
listen = {folder}/fpm.sock
pm = static
pm.max_children = 2
php_admin_value[opcache.enable] = 1
"""
NGINX = """user root; worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{ access_log off; client_body_temp_path {folder}/body; fastcgi_temp_path {folder}/fastcgi;
server {{ listen 127.0.0.1:{port}; root {folder}/site; index index.php;
location ~ \\.php$ {{ include /etc/nginx/fastcgi_params; 
fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
fastcgi_param HTTP_HOST 127.0.0.1:{port}; fastcgi_pass unix:{folder}/fpm.sock; }} }} }}
"""


def rows() -> Iterator[Row]:
    """A cold letter, and one decision, against WordPress's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = Column(folder / "column", letters=100, comments=1_000, pending=1_000).built()
        column, letter = built.data, newest(built.data)
        (theirs := folder / "wordpress").mkdir()
        with wordpress(column, letter, theirs) as peer, served(column) as base:
            address = f"{base}/letters/{letter}/?made=anew"
            ratio, ours, wordpresss = median_of_pairs(
                lambda: requests_per_second(address, seconds=4), lambda: requests_per_second(peer.page, seconds=4)
            )
            said = f"{ratio:.1f} ({ours:,.0f} of {wordpresss:,.0f} requests/s)"
            yield "a letter with 50 comments, cold, against WordPress, 2 workers each", said, ">= 10", ratio >= 10
            decide = _our_decision(built, base)
            ratio, ours, wordpresss = median_of_pairs(
                lambda: seconds_of(decide, DECISIONS), lambda: seconds_of(peer.decide, DECISIONS), ROUNDS
            )
            said = f"{ratio:.2f} ({ours * 1000:.1f} ms against {wordpresss * 1000:.1f} ms)"
            yield "a decision over HTTP, against WordPress's", said, "<= 0.35", ratio <= 0.35


def _our_decision(column: Column, base: str) -> Callable[[], None]:
    """Publish the next comment that waits, as the queue's page does."""
    desk = Desk(column)
    with desk.app.app_context():
        query = sa.select(Comment).where(Comment.standing == "pending").limit(DECISIONS * (ROUNDS + 1))
        waiting = iter([(comment.id, moderation.seen_of(comment)) for comment in db.session.scalars(query)])
    connection = HTTPConnection(base.removeprefix("http://"))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "Cookie": desk.cookie,
    }

    def decide() -> None:
        comment_id, seen = next(waiting)
        fields = urlencode({"verdict": "published", "seen": seen, "csrf_token": desk.token})
        connection.request("POST", f"/desk/comments/{comment_id}/decision", fields, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said

    return decide


@dataclass(frozen=True)
class Peer:
    """A WordPress that runs."""

    page: str
    """The address of the letter with its comments."""
    decide: Callable[[], None]
    """Approve the next comment that waits."""


@contextmanager
def wordpress(column: Path, letter: str, folder: Path) -> Iterator[Peer]:
    """WordPress with the letter, its published comments, and as many that wait as are decided. Raises Missing."""
    fpm = next(iter(sorted(Path("/usr/sbin").glob("php-fpm*"))), None)
    if fpm is None or not (PACKED / "wp-load.php").exists() or shutil.which("mariadbd", path="/usr/sbin") is None:
        raise Missing(f"needs WordPress (apt-get install {PACKAGES})")
    folder.parent.chmod(0o755)
    folder.chmod(0o755)
    shutil.copytree(PACKED, folder / "site", symlinks=False, ignore_dangling_symlinks=True)
    port = free_port()
    (folder / "all.json").write_text(json.dumps(_content(column, letter)))
    for name, text in (("site/wp-config.php", CONFIGURATION), ("install.php", INSTALL), ("fill.php", FILL)):
        (folder / name).write_text(
            text.replace("{folder}", str(folder)).replace("{port}", str(port))
            if name.endswith("config.php")
            else text.format(folder=folder, port=port, password=PASSWORD)
        )
    (folder / "fpm.conf").write_text(FPM.format(folder=folder))
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    with ExitStack() as running:
        running.enter_context(_database(folder))
        _run("php", folder / "install.php")
        post = _run("php", folder / "fill.php").strip()
        running.enter_context(_process([str(fpm), "-R", "-y", str(folder / "fpm.conf")]))
        nginx = [needs("nginx", "nginx-light"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        running.enter_context(_process(nginx))
        page = f"http://127.0.0.1:{port}/index.php?p={post}"
        wait_for(page)
        yield Peer(page, _decision(port))


def _content(column: Path, letter: str) -> dict[str, object]:
    with sqlite3.connect(column / "column.sqlite") as database:
        title, question, answer = database.execute(
            "SELECT title, question_html, answer_html FROM letters WHERE name = ?", (letter,)
        ).fetchone()
        published = database.execute(
            "SELECT comments.name, text_source FROM comments JOIN letters ON letters.id = letter_id"
            " WHERE letters.name = ? AND standing = 'published'",
            (letter,),
        ).fetchall()
        waiting = database.execute(
            "SELECT name, text_source FROM comments WHERE standing = 'pending' LIMIT ?", (DECISIONS * (ROUNDS + 1),)
        ).fetchall()
    comments = [(*one, 1) for one in published] + [(*one, 0) for one in waiting]
    return {"title": title, "html": question + answer, "comments": comments}


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    """MariaDB as it comes: every commit is on disk (innodb_flush_log_at_trx_commit = 1)."""
    data = folder / "mysql"
    at = ["--no-defaults", f"--datadir={data}", f"--socket={folder}/mysql.sock", "--skip-networking", "--user=root"]
    install = [needs("mariadb-install-db", "mariadb-server"), "--auth-root-authentication-method=normal"]
    subprocess.run([*install, "--no-defaults", f"--datadir={data}", "--user=root"], check=True, capture_output=True)
    with _process([needs("mariadbd", "mariadb-server"), *at]):
        create = ["mariadb", "--no-defaults", f"--socket={folder}/mysql.sock", "-uroot", "-e"]
        for _ in range(100):
            if subprocess.run([*create, "CREATE DATABASE wordpress"], capture_output=True).returncode == 0:
                break
            time.sleep(0.2)
        yield


@contextmanager
def _process(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _run(program: str, script: Path) -> str:
    done = subprocess.run([program, str(script)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def _decision(port: int) -> Callable[[], None]:
    """Signed in as its editor; the nonces are read from the list of what waits, before anything is measured."""
    jar = CookieJar()
    opener = build_opener(HTTPCookieProcessor(jar))
    base = f"http://127.0.0.1:{port}"
    opener.open(f"{base}/wp-login.php").read()
    signed = urlencode({"log": "editor", "pwd": PASSWORD, "wp-submit": "Log In", "testcookie": "1"})
    opener.open(f"{base}/wp-login.php", signed.encode()).read()
    nonces: dict[str, str] = {}
    for page in range(1, DECISIONS * (ROUNDS + 1) // 20 + 1):
        listed = opener.open(f"{base}/wp-admin/edit-comments.php?comment_status=moderated&paged={page}").read()
        nonces |= re.findall(r"comment\.php\?c=(\d+)&action=approvecomment&_wpnonce=(\w+)", unescape(listed.decode()))
    assert len(nonces) >= DECISIONS * ROUNDS, f"WordPress lists {len(nonces)} comments that wait"
    waiting = iter(nonces.items())
    connection = HTTPConnection("127.0.0.1", port)
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}

    def decide() -> None:
        comment_id, nonce = next(waiting)
        fields = {"action": "dim-comment", "id": comment_id, "_ajax_nonce": nonce, "dimClass": "unapproved", "new": ""}
        connection.request("POST", "/wp-admin/admin-ajax.php", urlencode(fields), headers)
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 200, said
        assert "wp_ajax" in said, said

    return decide
