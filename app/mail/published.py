"""What the DNS says of the domain that mails come from, and what it should say: SPF, DKIM, DMARC.

A large mailbox asks all three of who sends it many mails at once, and an opening is many mails at once.
"""

import re
from collections.abc import Iterator

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from ..findings import Finding
from .signing import Key

PATIENCE = 5.0
"""Seconds for each question."""


class CannotResolve(Exception):
    """No name server answers; the message is one line."""


def resolver(server: str = "") -> dns.resolver.Resolver:
    """This machine's resolver, or one that asks `server` ("9.9.9.9", "127.0.0.1:5353"). Raises CannotResolve."""
    try:
        found = dns.resolver.Resolver(configure=not server)
        if server:
            host, _, port = server.partition(":") if server.count(":") == 1 else (server, "", "")
            found.nameservers, found.port = [host], int(port or 53)
    except (dns.resolver.NoResolverConfiguration, ValueError) as error:
        raise CannotResolve(f"no name server: {error}") from error
    found.lifetime = PATIENCE
    return found


def texts(asked: dns.resolver.Resolver, name: str) -> list[str]:
    """The TXT records of a name, each in one piece; none if it has none. Raises CannotResolve."""
    try:
        answer = asked.resolve(dns.name.from_text(name), dns.rdatatype.TXT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong, dns.name.EmptyLabel):
        return []
    except dns.exception.DNSException as error:
        raise CannotResolve(f"{name} cannot be resolved ({' '.join(str(error).split())[:160]})") from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def spf(asked: dns.resolver.Resolver, domain: str) -> Finding:
    """Which servers may send for the envelope's domain (RFC 7208). Raises CannotResolve."""
    what = f"SPF of {domain}"
    found = [text for text in texts(asked, domain) if re.match(r"v=spf1( |$)", text, re.I)]
    if not found:
        do = f"publish TXT {domain}: v=spf1 include:<your mail provider> -all (your provider says which)"
        return Finding("error", what, "there is no record", do)
    if len(found) > 1:
        return Finding("error", what, f"there are {len(found)} records, which counts as a mistake", "leave one of them")
    terms = found[0].lower().split()
    if {"+all", "all"} & set(terms):
        return Finding("warning", what, f"lets everybody send: {found[0]}", "end it with -all or ~all")
    if not any(re.fullmatch(r"[-~?]all|redirect=.+", term) for term in terms):
        return Finding("warning", what, f"says nothing of all other servers: {found[0]}", "end it with -all or ~all")
    return Finding("ok", what, f"{found[0]} (whether it names your mail server, a first mail to yourself shows)")


def signature(asked: dns.resolver.Resolver, key: Key) -> Finding:
    """Does the DNS have our public key. Raises CannotResolve."""
    what, publish = f"DKIM at {key.name}", f"publish TXT {key.name}: {key.record}"
    found = texts(asked, key.name)
    if not found:
        return Finding("error", what, "there is no record, so no signature of ours is believed", publish)
    if len(found) > 1:
        return Finding("error", what, f"there are {len(found)} records, which counts as none", f"leave one; {publish}")
    tags = {name.strip(): value for name, _, value in (tag.partition("=") for tag in found[0].split(";"))}
    public = re.sub(r"\s+", "", tags.get("p", ""))
    if not public:
        return Finding("error", what, "the record says that the key is withdrawn", publish)
    if public != key.public:
        return Finding("error", what, "the record is of another key than ours", publish)
    if "y" in tags.get("t", "").split(":"):
        return Finding("warning", what, "the record says that it is a test (t=y)", publish)
    return Finding("ok", what, f"the record is our key of {key.bits} bits")


def dmarc(asked: dns.resolver.Resolver, domain: str) -> Finding:
    """What receivers shall do with mails that only pretend to be from the domain. Raises CannotResolve."""
    for name in _upwards(domain):
        found = [text for text in texts(asked, f"_dmarc.{name}") if re.match(r"v=DMARC1\s*(;|$)", text)]
        if len(found) > 1:
            said = f"there are {len(found)} records at _dmarc.{name}, which counts as none"
            return Finding("error", f"DMARC of {domain}", said, "leave one of them")
        if found:
            return Finding("ok", f"DMARC of {domain}", f"_dmarc.{name}: {found[0]}")
    do = f"publish TXT _dmarc.{domain}: v=DMARC1; p=none (later p=quarantine or p=reject)"
    return Finding("warning", f"DMARC of {domain}", "there is no record; large mailboxes ask for one", do)


def _upwards(domain: str) -> Iterator[str]:
    """The domain and those above it, but no top-level one: the record of one of these holds for all below."""
    labels = domain.split(".")
    yield from (".".join(labels[start:]) for start in range(max(1, len(labels) - 1)))


def of(asked: dns.resolver.Resolver, domain: str, *, envelope: str, key: Key | None) -> Iterator[Finding]:
    """All that the DNS says of mails from a domain. envelope: the domain to which they come back."""
    try:
        yield spf(asked, envelope)
        if key is not None:
            yield signature(asked, key)
        yield dmarc(asked, domain)
    except CannotResolve as error:
        do = "ask again where names can be resolved, or with --dns 9.9.9.9"
        yield Finding("warning", "DNS", f"not looked at: {error}", do)
        return
    if key is None and not (envelope == domain or envelope.endswith(f".{domain}") or domain.endswith(f".{envelope}")):
        said = f"mails from {domain} come back to {envelope} and are not signed, so DMARC cannot know them"
        yield Finding("warning", "DMARC", said, "sign them, or take a return address of the same domain")
