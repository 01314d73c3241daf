"""What a mail that came back says (pure): RFC 3464 reports, servers' free texts, and complaints (RFC 5965).

A failure is lasting only if the address itself is said to be wrong: its status says so (5.1.1, 5.4.4 …), or words do,
in an answer to RCPT TO or one that names the address. Whatever speaks of a full mailbox, spam, policy or the sender is
not: such an answer comes to good addresses too. A text that shows no server's answer says nothing at all.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Literal

LARGEST = 256 * 1024
"""Bytes that are read of one mail; the report stands before what it returns."""
LONGEST_TOLD = 32 * 1024
"""Characters in which a server has said what it has to say."""

LASTING_STATUS = re.compile(r"5\.(1\.(1|2|3|4|6|10)|4\.4)$")
"""Bad mailbox, bad domain, bad syntax, ambiguous, moved, no mail taken there (RFC 7505), no route (RFC 3463)."""
LASTING_STATUS_IN_TEXT = re.compile(rf"(?<![\d.]){LASTING_STATUS.pattern[:-1]}(?![\d.])")
OTHER_STATUS = re.compile(r"5\.(2\.2|6\.\d+|7\.\d+)$")
"""Full, the content, policy: the words of such an answer do not count."""
CLOSED_HOST = re.compile(r"\b(521|556)[ -]")
"""Replies of a host that takes no mail (RFC 7504)."""

NOT_THE_ADDRESS = re.compile(
    r"quota|mailbox (is )?(too )?full|\bfull\b|storage|out of space|disk|insufficient"
    r"|spam|\bube\b|virus|malware|blocked|block ?list|black ?list|bl\?|\brbl\b|dnsbl|reputation|policy|policies"
    r"|\bspf\b|dkim|dmarc|ptr record|reverse dns|unauthenticated|\bauth|relay|verified|\btls\b"
    r"|sender|mail from|content|header|too (many|large|big)|hop|\bloop|rate\b|volume|temporar|try again later"
    r"|timed? ?out|timeout|expired|retry|deferred|greylist|delayed|not permitted|\bgroup\b",
    re.IGNORECASE,
)
"""The answer speaks of something else than the address."""
WRONG_PERSON = re.compile(
    r"(user|recipient|mailbox|account|address|person)( name)?( is| was)?( not|n't| un)[ -]?"
    r"(known|found|recogni[sz]ed|exist)"
    r"|(unknown|invalid|illegal|no such|non-?existent|bad|no) (or illegal )?(local |destination )?"
    r"(user|recipient|mailbox|account|address|person)"
    r"|(user|recipient|mailbox|account|address|you tried to reach)( \S+)? (does(n't| not)|did not) exist"
    r"|user doesn't have a\b.{1,60}\baccount|address (could|can)(n't| not) be found|address not found"
    r"|no longer (on|at|with|in use|valid|available)|no mailbox here|check if (the )?address is correct"
    r"|destinataire invalide|^5\d\d <?\S{1,64}@\S{1,255} rejected\.?$",
    re.IGNORECASE | re.MULTILINE,
)
WRONG_DOMAIN = re.compile(
    r"(host|domain)( name)? (or domain name )?(is )?(not found|unknown|not reachable|does not exist)"
    r"|unknown (host|domain)|couldn't find (any host|a mail exchanger)|no mx (record|host)s? found"
    r"|(invalid|illegal) (host/)?domain"
    r"|account or domain may not exist",
    re.IGNORECASE,
)
EDGE_BLOCK = re.compile(r"5\.4\.1 .*recipient address rejected: access denied", re.IGNORECASE | re.DOTALL)
"""Exchange Online's way to say that it knows no such recipient (its Directory-Based Edge Blocking)."""
OWN_WORDS = re.compile(r"recipient name is not recogni[sz]ed|check if address is correct", re.IGNORECASE)
"""What servers without SMTP's numbers say of an address of their own."""

REPLY = re.compile(r"(?<![\d.])(?P<code>[245]\d\d)(?=[ \-:,;])|(?<![\d.])(?P<status>[245]\.\d{1,3}\.\d{1,3})(?![\d.])")
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
AFTER_THE_TEXT = re.compile(r"end of DATA|after (end of )?(data|DATA)|final DATA")
AT_THE_ADDRESS = re.compile(r"RCPT[ _]?T?O?|like recipient", re.IGNORECASE)
RETURNED = re.compile(
    r"^[^\w\n]{0,80}((below|this|enclosed)( this line)? is |the )?(a |the )?"
    r"(copy of (the|your) (original )?message|original message(?! was received)|message headers follow"
    r"|header of the original|bounced e-?mail|returned message)\b"
    r"|^(return-path|received|dkim-signature|x-originating-ip): ",
    re.IGNORECASE | re.MULTILINE,
)
"""From here on a free text shows the mail that it returns."""
FROM_A_SERVER = re.compile(r"mailer-?daemon|post_?master|mail deliver|delivery (sub)?system|\bMSS\b", re.IGNORECASE)
NOT_DELIVERED = re.compile(
    r"undeliver|not be delivered|delivery (has |status|fail|problem|error|delay)|returned (mail|to sender)|mail failure"
    r"|failure notice|error sending|delivery failure|non-?deliver|delayed \d+ hours|bounce",
    re.IGNORECASE,
)
AUTO_REPLY = re.compile(r"^(auto(matic|mated)?[ -]?(reply|response|answer)|out of (the )?office|vacation|away)", re.I)
AT_LINE_START = re.compile(r"^[ \t]{0,8}<?[^\s<>:@]{1,64}@[^\s<>:]{1,255}>?:", re.MULTILINE)
STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
COMPLAINTS = {"abuse", "fraud", "virus", "opt-out", "opt-out-list", "other"}
"""Feedback-Types of RFC 5965 that say: I do not want this. "not-spam" and "auth-failure" are none."""


@dataclass(frozen=True)
class Failure:
    """One recipient that the mail did not reach."""

    recipient: str
    status: str
    """RFC 3463, or the reply code, or nothing."""
    lasting: bool
    said: str
    """What the server answered, in a line."""


@dataclass(frozen=True)
class Report:
    """What a mail that came back says."""

    kind: Literal["failure", "complaint", "nothing"]
    failures: tuple[Failure, ...]
    text: str
    """All that stands in it, headers and returned mail too: where the return path is looked for."""

    @property
    def lasting(self) -> bool:
        """Is every recipient that it names wrong for good (a mail of ours has one, which may lead to several)."""
        return bool(self.failures) and all(failure.lasting for failure in self.failures)


def read(raw: bytes) -> Report:
    """Read one mail. Never fails: what cannot be understood says nothing."""
    raw = raw[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return _read(raw)
    except RecursionError:  # mails in mails in mails
        return Report("nothing", (), raw.decode("utf-8", "replace"))


def _read(raw: bytes) -> Report:
    mail = message_from_bytes(raw)
    parts = [part for part in mail.walk() if not part.is_multipart() or _type(part) == "message/delivery-status"]
    whole = "\n".join([raw.decode("utf-8", "replace"), *(_text(part) for part in parts)])
    if feedback := _feedback(mail):
        kind = "complaint" if feedback in COMPLAINTS else "nothing"
        return Report(kind, (), whole)  # type: ignore[arg-type]
    told = _told(mail)
    failures = _of_blocks(mail, told) if _has_blocks(mail, told) else _of_free_text(mail, told)
    return Report("failure" if failures else "nothing", tuple(failures), whole)


def _type(part: Message) -> str:
    return part.get_content_type().lower()


def _header(mail: Message, name: str) -> str:
    return str(mail.get(name) or "")


def _text(part: Message) -> str:
    """A part's text, whatever it says about its letters."""
    if part.is_multipart():
        return "\n".join(str(inner) for inner in part.get_payload())
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        return ""
    content = content if isinstance(content, bytes) else b""
    try:
        text = content.decode(str(part.get_content_charset() or "utf-8"), "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return re.sub(r"<[a-z/!][^<>@]*>", " ", text) if _type(part) == "text/html" else text


def _told(mail: Message) -> str:
    """What the report says in its own words, without the mail that it returns."""
    told = [_text(part) for part in _own_parts(mail) if _type(part) in ("text/plain", "text/html")]
    if not told and not isinstance(mail.get_payload(), list):  # it says that it has parts, and has none
        told = [str(mail.get_payload())]
    text = "\n".join(told)[:LONGEST_TOLD]
    start = RETURNED.search(text)
    return text[: start.start()] if start else text


def _own_parts(mail: Message) -> list[Message]:
    """The parts of the report itself: none of the mail that it returns, which may be a report too."""
    if _type(mail) in ("message/rfc822", "message/global"):
        return []
    if mail.is_multipart() and _type(mail).startswith("multipart/"):
        return [inner for part in mail.get_payload() for inner in _own_parts(part)]  # type: ignore[arg-type]
    return [mail]


def _feedback(mail: Message) -> str:
    for part in _own_parts(mail):
        if _type(part) == "message/feedback-report":
            inner = part.get_payload()
            fields = str(inner[0]) if isinstance(inner, list) and inner else _text(part)
            found = re.search(r"^Feedback-Type:\s*([\w-]+)", fields, re.IGNORECASE | re.MULTILINE)
            return found.group(1).lower() if found else "none"
    return ""


def _blocks(mail: Message, told: str) -> list[dict[str, str]]:
    """The fields of each recipient's block (RFC 3464, 2.3), wherever they stand."""
    texts = [_text(part) for part in _own_parts(mail) if _type(part) in STATUS_PARTS] or [told]
    found = []
    for block in re.split(r"\n\s*\n", "\n\n".join(texts)):
        unfolded = re.sub(r"\n[ \t]+", " ", block)
        fields = {
            name.lower(): value.strip() for name, value in re.findall(r"^([\w-]+):[ \t]*(.*)$", unfolded, re.MULTILINE)
        }
        if "action" in fields:
            found.append(fields)
    return found


def _has_blocks(mail: Message, told: str) -> bool:
    return bool(_blocks(mail, told))


def _of_blocks(mail: Message, told: str) -> list[Failure]:
    blocks = [block for block in _blocks(mail, told) if block["action"].lower().startswith("failed")]
    return [_of_block(block, told, alone=len(blocks) == 1) for block in blocks]


def _of_block(fields: dict[str, str], told: str, *, alone: bool) -> Failure:
    recipient = _address(fields.get("final-recipient") or fields.get("original-recipient") or "")
    said = re.sub(r"^[\w-]+;\s*", "", fields.get("diagnostic-code", ""))
    words = told if alone else "\n".join(line for line in told.splitlines() if recipient and recipient in line)
    own = STATUS.match(fields.get("status", ""))
    inner = STATUS.search(said) or (None if said else STATUS.search(words))
    status = own.group(1) if own else ""
    if own and inner and (status in ("5.0.0", "5.5.0") or inner.group(1)[0] == "4"):
        status = inner.group(1)  # the remote server's own status says more than the reporter's
    if not own and inner and said and LASTING_STATUS.match(inner.group(1)):
        status = inner.group(1)  # the reporter left its status out; words alone would not do
    for_good = (own.group(1) if own else status).startswith("5")
    lasting = for_good and _is_lasting(status, said or words, words, recipient)
    return Failure(recipient, status, lasting, _line(said or words))


def _of_free_text(mail: Message, told: str) -> list[Failure]:
    subject, sender = _header(mail, "Subject"), _header(mail, "From")
    if AUTO_REPLY.match(subject) or not (
        FROM_A_SERVER.search(sender) or NOT_DELIVERED.search(subject) or mail.get("X-Failed-Recipients")
    ):
        return []
    starts = [match.start() for match in AT_LINE_START.finditer(told)]
    pieces = [told[a:b] for a, b in zip(starts, [*starts[1:], len(told)], strict=True)] if len(starts) > 1 else [told]
    return [failure for piece in pieces if (failure := _of_piece(piece, mail)) is not None]


def _of_piece(piece: str, mail: Message) -> Failure | None:
    """What a piece of a free text says of one address; None when it shows no server's answer."""
    reply = REPLY.search(piece)
    if re.search(r"has not yet been delivered|warning message only|delay reason", piece, re.IGNORECASE):
        return None
    found = STATUS.search(piece)
    status = found.group(1) if found else (reply.group(0) if reply else "")
    recipient = _address(_header(mail, "X-Failed-Recipients") or piece)
    if not reply:
        if OWN_WORDS.search(piece) or WRONG_DOMAIN.search(piece):
            return Failure(recipient, "", True, _line(piece))
        return None
    said = piece[reply.start() :]
    lasting = status[0] == "5" and _is_lasting(status, said, piece, recipient)
    return Failure(recipient, status, lasting, _line(said))


def _is_lasting(status: str, said: str, around: str, recipient: str) -> bool:
    """Does a refusal for good (5yz) say that the address is wrong."""
    # Addresses and names of hosts are no words: spam@example.org is not refused as spam.
    words = re.sub(r"https?://\S+", lambda link: " bl?" if "bl?" in link.group(0) else " ", _without_addresses(said))
    if OTHER_STATUS.match(status) or (NOT_THE_ADDRESS.search(words) and not WRONG_DOMAIN.search(words)):
        return False
    if LASTING_STATUS.match(status) or CLOSED_HOST.search(said) or EDGE_BLOCK.search(said):
        return True
    if WRONG_DOMAIN.search(words):
        return True
    if not WRONG_PERSON.search(words) and not WRONG_PERSON.search(said):
        return False
    if AFTER_THE_TEXT.search(around):
        return False  # it had read the mail before it refused
    if AT_THE_ADDRESS.search(around):
        return True
    # Or the answer names the address, or the server that tells us found so itself.
    return any(
        recipient.lower() in line.lower() and (line in said or LASTING_STATUS_IN_TEXT.search(line))
        for line in [said, *around.splitlines()]
        if recipient
    )


def _without_addresses(text: str) -> str:
    return re.sub(r"<?[^\s<>@]{1,64}@[^\s<>]{1,255}>?", " ", text)


def _address(text: str) -> str:
    found = re.search(r"[^\s<>;:,\"'@]{1,64}@[^\s<>;:,\"']{1,255}", text)
    return found.group(0).rstrip(".") if found else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
