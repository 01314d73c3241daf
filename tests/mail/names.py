"""A real name server on this machine, for a zone that a test writes down."""

import socket
import threading

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset


class Names:
    """Answers over UDP for `zone`: {name: its TXT records}. `broken`: to every question, that it cannot answer."""

    def __init__(self) -> None:
        self.zone: dict[str, list[str]] = {}
        self.broken = False
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def resolver(self) -> dns.resolver.Resolver:
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port, found.lifetime = ["127.0.0.1"], self.port, 5.0
        return found

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, whom = self._socket.recvfrom(4096)
            if data == b"end":
                return
            query = dns.message.from_wire(data)
            self._socket.sendto(self._answer(query).to_wire(), whom)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.zone:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif self.zone[name]:
            pieces = [" ".join(f'"{one[n : n + 255]}"' for n in range(0, len(one), 255)) for one in self.zone[name]]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *pieces))
        return answer
