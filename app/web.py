"""What all routes share: who may enter, what may come in, headers, error pages, words for dates."""

import hashlib
import json
import mimetypes
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

import flask_babel
from babel.dates import (
    format_date,
    format_datetime,
    format_time,
    format_timedelta,
    get_timezone_location,
)
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import Babel, gettext, ngettext
from flask_limiter import Limiter
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from . import clock
from .accounts import sign_ins
from .accounts.models import Person, Role
from .column.models import Settings
from .column.settings import settings
from .config import Config
from .db import LARGEST_NUMBER, db, writing
from .letters.fridays import Slot
from .letters.linked import iso
from .letters.reading import local_day
from .text import pictures
from .text.outside import opening_words, plain, with_whole_addresses
from .text.typographer import typeset

LARGEST_FROM_READERS = 256 * 1024
"""Bytes of a POST from a stranger: the longest question, each of its letters written as %XX%XX."""
LARGEST_AT_THE_DESK = 2 * 1024 * 1024
MOST_SWALLOWED = 64 * 1024 * 1024
"""Bytes of a body that is too large, read so that its sender hears why it is refused."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

babel = Babel()
csrf = CSRFProtect()
login = LoginManager()


def _client() -> str:
    return request.remote_addr or "unknown"


limiter = Limiter(_client, strategy="moving-window", default_limits=[])
"""Counts per web worker, in memory; with a Redis queue, in Redis, for all hosts."""


class _FormParser(FormDataParser):
    """Broken UTF-8 becomes U+FFFD, which the fields refuse beside themselves (Werkzeug would give an empty form)."""

    def _parse_urlencoded(self, stream, mimetype, content_length, options):  # type: ignore[no-untyped-def]
        text = stream.read().decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=self.max_form_parts)
        return stream, self.cls(pairs), self.cls()


class ColumnRequest(Request):
    """A request whose size is bounded before it is parsed."""

    form_data_parser_class = _FormParser
    max_form_parts = 500


class _RowNumber(IntegerConverter):
    """`<int:…>` in an address: no row has a number that its column cannot hold, so that is 404 like any other."""

    def __init__(self, map: Map, **more: Any) -> None:
        super().__init__(map, max=LARGEST_NUMBER, **more)


def set_up_web(app: Flask, config: Config) -> None:
    """Everything around the routes."""
    app.request_class = ColumnRequest
    app.url_map.converters["int"] = _RowNumber
    mimetypes.add_type("application/speculationrules+json", ".speculationrules")
    if config.trusted_proxies:
        n = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    app.config["RATELIMIT_STORAGE_URI"] = config.queue_url if config.queue_url.startswith("redis") else "memory://"
    app.before_request(_bound_the_size)  # before anything that reads what came in, as the next lines' parts do
    app.before_request(_refuse_foreign_posts)
    babel.init_app(app, locale_selector=language, default_translation_directories="translations")
    csrf.init_app(app)
    # Not login.init_app: its hooks read the session on every page, and readers' pages know none (promise 8).
    app.login_manager = login  # type: ignore[attr-defined]
    login.user_loader(_signed_in)
    limiter.init_app(app)
    limiter.request_filter(lambda: not is_desk() and request.remote_addr in ("127.0.0.1", "::1"))
    app.wsgi_app = _writing_posts(app.wsgi_app)  # type: ignore[method-assign]
    app.after_request(_headers)
    app.register_error_handler(Exception, _apologise)
    app.register_error_handler(HTTPException, explain)
    app.jinja_env.filters.update(day=day, moment=moment, hour=hour, zone=city, iso=iso, saved_html=html)
    app.jinja_env.filters.update(month=month, lasting=lasting, days=days, percent=percent, decimal=decimal)
    app.jinja_env.filters.update(slot_day=slot_day, slot_said=slot_said)
    app.jinja_env.filters.update(whole=with_whole_addresses)
    app.jinja_env.filters.update(in_script=in_script, opening_words=opening_words, plain=plain)
    app.jinja_env.globals.update(column=column, static=static, base_url=config.base_url, language=language, now=now)
    app.jinja_env.globals.update(picture=picture, icon=pictures.icon_address)
    app.jinja_env.globals.update(
        page_address=page_address, typeset=typeset, local_day=local_day, current_user=current_user
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


# Who may enter


def desk(room: str, prefix: str) -> Blueprint:
    """A blueprint behind the login. Every route of it says with `only` who may enter; one that does not is closed."""
    bp = Blueprint(f"{room}_desk", f"app.{room}.desk", url_prefix=f"/desk{prefix}")
    bp.before_request(_guard)
    bp.after_request(_not_stored)
    return bp


def only(*roles: Role) -> Callable[[View], View]:
    """Says who may enter a route of the desk."""

    def mark(view: View) -> View:
        view.roles = roles  # type: ignore[attr-defined]
        return view

    return mark


def anyone(view: View) -> View:
    """Says that a route of the desk is open to strangers: signing in."""
    view.roles = "anyone"  # type: ignore[attr-defined]
    return view


def roles_of(view: Callable[..., Any]) -> tuple[Role, ...] | str:
    """Who may enter a view of the desk: roles, "anyone", or () when it does not say."""
    return getattr(view, "roles", ())


_WHO = sign_ins.WHO.add_columns(Settings).join(Settings, Settings.id == 1)


def _signed_in(session_key: str) -> Person | None:
    """Who the cookie speaks of, while the sign-in that it names stands; and, in the same question, the settings."""
    keys = sign_ins.keys(session_key, session.get("sign_in", ""), now=now())
    row = db.session.execute(_WHO, keys).one_or_none()
    if row is None:
        return None
    person: Person = row[0]
    g.used_at, g.column = row[1], row[2]
    return person


def _guard() -> ResponseReturnValue | None:
    roles = roles_of(current_app.view_functions[request.endpoint or ""])
    if roles == "anyone":
        return None
    if not current_user.is_authenticated:
        if request.accept_mimetypes.best == "application/json":
            abort(401)  # a script of ours, which knows what to say
        if request.method != "GET":
            abort(401)  # what was typed is carried on: see _carried_on
        return redirect(url_for("accounts_desk.sign_in", goal=request.full_path.rstrip("?")), 303)
    if current_user.role not in roles:
        abort(403)
    if request.method == "POST":
        sign_ins.note_use(db.session(), session.get("sign_in", ""), last=g.get("used_at"), now=now())
    return None


def is_desk() -> bool:
    """Is this request for a page behind the login."""
    return (request.blueprint or "").endswith("_desk")


# What may come in


def takes(largest: int) -> Callable[[View], View]:
    """Says how many bytes a route of the desk takes in a file, from who is signed in."""

    def mark(view: View) -> View:
        view.takes = largest  # type: ignore[attr-defined]
        return view

    return mark


def _bound_the_size() -> None:
    largest = LARGEST_AT_THE_DESK if is_desk() else LARGEST_FROM_READERS
    request.max_form_memory_size = largest
    file = getattr(current_app.view_functions.get(request.endpoint or ""), "takes", 0)
    if file and "_user_id" in session:  # whether it is still true is asked when it was read
        largest += file
    request.max_content_length = largest
    if request.content_length is not None and request.content_length > largest:
        _swallow(request.environ["wsgi.input"])
        abort(413)


def _swallow(body: Any) -> None:
    """Read and forget what is sent: a browser that is still sending does not listen to the answer."""
    for _ in range(MOST_SWALLOWED // 65536):
        if not body.read(65536):
            return


def _refuse_foreign_posts() -> None:
    """Only our own pages may send: what another origin's page sends with a visitor's browser is refused.

    Browsers say where a POST comes from (Fetch Metadata; Origin, RFC 6454) and scripts of pages cannot forge it. A
    request with neither header is not from a browser (RFC 8058's one-click POST is such a one).
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        abort(403)
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(403)


def _writing_posts(wsgi: Callable[..., Any]) -> Callable[..., Any]:
    """Requests that change something begin their transactions as writers (see db.writing)."""

    def run(environ: dict[str, Any], start_response: Any) -> Any:
        with writing(environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")):
            return wsgi(environ, start_response)

    return run


# What goes out


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if response.mimetype == "text/html" and response.status_code == 200 and not is_desk():
        # Browsers that can may fetch a letter while the reader's hand is on its link; it needs no script of ours.
        headers.setdefault("Speculation-Rules", f'"{static("ahead.speculationrules")}"')
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def _not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def private(page: str, status: int = 200) -> ResponseReturnValue:
    """A page behind a secret link: kept by no cache, told to no site.

    Not `no-referrer`: browsers then send its form's POST with `Origin: null`, which is refused here.
    """
    return page, status, {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"}


def explain(error: HTTPException) -> ResponseReturnValue:
    """An error page in the site's own look; 3xx answers pass."""
    if error.code is None or error.code < 400:
        return error
    db.session.rollback()
    expired = isinstance(error, CSRFError)
    code = 403 if expired else error.code
    is_script = request.accept_mimetypes.best == "application/json"
    if request.method == "POST" and is_desk() and (expired or code == 401) and not is_script:
        page = _carried_on(code)
        if page:
            return page, code
    response = current_app.make_response((render_template("errors/error.html", code=code, csrf=expired), code))
    for name, value in error.get_headers(None, request.environ):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _carried_on(code: int) -> str:
    """The page that keeps what a form of the desk sent when its session had ended, and sends it once more at a press.

    Nothing is done by itself: whoever made somebody's browser send it would need that press, too. Passwords go no way.
    """
    is_closed = roles_of(current_app.view_functions.get(request.endpoint or "", anyone)) != "anyone"
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if not is_closed or any("password" in name for name, _ in sent):
        return ""
    return render_template("errors/carried.html", code=code, sent=sent)


def _apologise(error: Exception) -> ResponseReturnValue:
    """The reader gets an apology, the log the traceback."""
    if isinstance(error, HTTPException):
        return explain(error)
    current_app.logger.exception("%s %s", request.method, request.path)
    db.session.rollback()
    try:
        return render_template("errors/error.html", code=500, csrf=False), 500
    except Exception:  # the page itself needs the database, which may be what failed
        current_app.logger.exception("the apology failed too")
        return "Something broke on our side. Please try again in a minute.", 500, {"Content-Type": "text/plain"}


# Words


def column() -> Settings:
    """The column's settings, read once a request."""
    if "column" not in g:
        g.column = settings(db.session())
    return g.column  # type: ignore[no-any-return]


def language() -> str:
    """The language of this page: the column's own."""
    return column().language


def now() -> datetime:
    """The moment of this request, read once, so that one page never disagrees with itself about the time."""
    if "now" not in g:
        g.now = clock.now()
    return g.now  # type: ignore[no-any-return]


def page_address(number: int) -> str:
    """The address of another page of this list, with all else that was asked for."""
    asked = (
        {**request.args, "page": str(number)} if number > 1 else {k: v for k, v in request.args.items() if k != "page"}
    )
    return request.path + (f"?{urlencode(asked)}" if asked else "")


def mark_of(content: bytes) -> str:
    """What the address of a static file says of its content."""
    return hashlib.sha256(content).hexdigest()[:10]


def static(filename: str) -> str:
    """The address of a static file, with a mark that changes when its content does."""
    addresses: dict[str, str] = current_app.extensions.setdefault("static_addresses", {})
    if filename not in addresses or current_app.debug:
        with open(f"{current_app.static_folder}/{filename}", "rb") as content:
            mark = mark_of(content.read())
        addresses[filename] = url_for("static", filename=filename, v=mark)
    return addresses[filename]


def _locale() -> str:
    return str(flask_babel.get_locale() or "en")


def day(value: date | datetime, zone: str | None = None) -> str:
    """A date in words: "27 November 2026", «27 ноября 2026 г.» without its «г.»."""
    if isinstance(value, datetime):
        value = (value.astimezone(ZoneInfo(zone) if zone else UTC) if value.tzinfo is not None else value).date()
    return _day_in_words(value, _locale())


@lru_cache(maxsize=4096)
def _day_in_words(value: date, locale: str) -> str:
    # The number stays with its month.
    return format_date(value, "d MMMM y", locale=locale).replace(" ", "\u00a0", 1)


def moment(value: datetime, zone: str | None = None, how: str = "d MMMM y, HH:mm") -> str:
    """A date and an hour in words; an aware datetime is shown in the zone, a naive one as it stands."""
    if value.tzinfo is not None:
        value = value.astimezone(ZoneInfo(zone) if zone else UTC)
    return format_datetime(value.replace(tzinfo=None), how, locale=_locale())


def month(value: date, how: str = "LLLL y") -> str:
    """A month in words: "October 2026"."""
    return format_date(value, how, locale=_locale())


def lasting(value: timedelta) -> str:
    """How long something lasts, in one unit: "47 hours", "3 days"."""
    return format_timedelta(value, granularity="minute", threshold=2, locale=_locale())


def days(number: int) -> str:
    """A number of days: "30 days", «30 дней»."""
    return format_unit(number, "duration-day", locale=_locale())


def percent(value: float) -> str:
    """A share in whole per cent: "20%", «20 %»."""
    return format_percent(round(value) / 100, locale=_locale())


def decimal(value: float, places: int = 0) -> str:
    """A number as the language writes it: "1,234", "0.61"."""
    return format_decimal(round(value, places), locale=_locale())


def hour(value: Any) -> str:
    """An hour: "10:00"."""
    return format_time(value, "HH:mm", locale=_locale())


def city(zone: str) -> str:
    """A zone as people call it: "Moscow", «Москва»."""
    return "UTC" if zone in ("UTC", "Etc/UTC") else str(get_timezone_location(zone, _locale(), return_city=True))


def until(moment_: datetime) -> str:
    """How long from now until a moment: "3 days 21 hours", «3 дня 21 час»; its two largest parts."""
    minutes = int((moment_ - now()).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = (
        ngettext("%(num)d day", "%(num)d days", days) if days else "",
        ngettext("%(num)d hour", "%(num)d hours", hours) if hours else "",
        ngettext("%(num)d minute", "%(num)d minutes", minutes) if minutes and not days else "",
    )
    return " ".join(part for part in parts if part) or gettext("less than a minute")


def slot_day(slot: Slot) -> str:
    """A slot's day: "Friday 27 November", «пятница, 27 ноября»; with its year when it is another one."""
    how = "EEEE, d MMMM" if _locale() == "ru" else "EEEE d MMMM"
    this_year = now().astimezone(ZoneInfo(slot.zone)).year == slot.day.year
    return str(format_date(slot.day, how if this_year else f"{how} y", locale=_locale()))


def slot_said(slot: Slot) -> str:
    """A slot in full: "Friday 27 November, 10:00 Moscow, in 3 days 21 hours"."""
    day, hour_, place = slot_day(slot), hour(slot.local.time()), city(slot.zone)
    said = gettext("%(day)s, %(hour)s %(city)s, in %(time)s", day=day, hour=hour_, city=place, time=until(slot.moment))
    if slot.oddity == "skipped":
        said += gettext(" (the clocks skip that hour, and show %(hour)s then)", hour=hour(slot.shown.time()))
    if slot.oddity == "doubled":
        said += gettext(" (that hour comes twice; it is the first time)")
    return str(said)


def in_script(data: dict[str, Any]) -> Markup:
    """JSON for a <script> that is data: nothing in it can end the script or be read as markup."""
    text = json.dumps(data, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def picture(address: str, words: str, sizes: str) -> Markup:
    """One of our pictures, outside a text."""
    return Markup(pictures.html(address, words, sizes))  # noqa: S704


def html(text: str) -> Markup:
    """HTML that `text.sanitise` made when it was saved: the only text that a template prints unescaped."""
    return Markup(text)  # noqa: S704
