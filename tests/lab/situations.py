"""Names of the lab in every situation that Postfix and the verdict are compared in; rows are MAIL_VERDICT's numbers."""

from dataclasses import dataclass

from tests.lab.addresses import MAILBOX, MAILBOX_V6, NOBODY, SECOND_MAILBOX
from tests.lab.world import World


@dataclass(frozen=True)
class Situation:
    """One name: its row of the specification, what is so about it, and how the world is made that way.

    `records` are served for the registrable domain; without them nothing is registered, or `nameservers` are lame.
    `name` is the registrable domain, or a host under it.
    """

    row: str
    what: str
    name: str
    records: str | None = None
    nameservers: tuple[str, ...] = ("ns1.hosting.net",)
    domain: str = ""
    apart: str = ""
    """Where mail servers differ by the specification, and Postfix is not the one we judge by: what it decides."""
    suffix_records: str = ""
    """Records of the suffix zone itself: of `domain` where the name stands under it, else of the name."""

    def arrange(self, world: World) -> None:
        """Make the world so."""
        domain = self.domain or self.name
        if self.suffix_records:
            world.suffix_records(domain, self.suffix_records)
        elif self.records is not None:
            world.host(domain, self.records, nameservers=self.nameservers)
        elif self.nameservers != ("ns1.hosting.net",):
            world.delegate(domain, *self.nameservers)


HELPERS = {"elsewhere.net": f"mx A {MAILBOX}\n", "target.com": f"mail MX 10 mx\nmx A {MAILBOX}\n"}
"""Zones that situations refer to."""

SITUATIONS = (
    Situation("M01", "the name does not exist", "nobody-has-it.com"),
    Situation("M02", "registered, neither exchange nor address", "bare.com", ""),
    Situation("M04", "the top-level label does not exist", "army.con"),
    Situation("M03", "a host under a name that does not exist", "mail.nobody-has-it.com"),
    Situation("M05", "NXDOMAIN for MX, an address all the same", "denied.com", None, ("denying.hosting.net",)),
    Situation("M07", "every nameserver answers SERVFAIL", "failing.com", None, ("servfail.hosting.net",)),
    Situation("M07", "every nameserver refuses", "refusing.com", None, ("refusing.hosting.net",)),
    Situation("M07", "every nameserver is lame", "lame.com", None, ("lame.hosting.net",)),
    Situation(
        "M07",
        "one nameserver of two refuses",
        "half.com",
        f"@ MX 10 mx\nmx A {MAILBOX}\n",
        ("refusing.hosting.net", "ns1.hosting.net"),
    ),
    Situation("M07", "every nameserver is silent", "silent.com", None, ("silent.hosting.net",)),
    Situation(
        "M07",
        "one nameserver of two is silent",
        "patient.com",
        f"@ MX 10 mx\nmx A {MAILBOX}\n",
        ("silent.hosting.net", "ns1.hosting.net"),
    ),
    Situation(
        "M07",
        "one nameserver of two is lame",
        "limping.com",
        f"@ MX 10 mx\nmx A {MAILBOX}\n",
        ("lame.hosting.net", "ns1.hosting.net"),
    ),
    Situation("M07", "its nameservers do not exist", "orphan.com", None, ("ns1.nobody-has-it.com",)),
    Situation("M09", "SERVFAIL for MX only, a global A", "no-mx.com", None, ("no-mx.hosting.net",)),
    Situation("M12", "MX truncated over UDP and TCP, a global A", "cut.com", None, ("cutting.hosting.net",)),
    Situation("M14", "one exchange with a global A", "plain.com", f"@ MX 10 mx\nmx A {MAILBOX}\n"),
    Situation("M14", "an exchange in somebody else's zone", "hosted.com", "@ MX 10 mx.elsewhere.net.\n"),
    Situation("M14", "an exchange that listens to nobody just now", "closed.com", f"@ MX 10 mx\nmx A {NOBODY}\n"),
    Situation("M15", "an exchange with a global AAAA only", "sixth.com", f"@ MX 10 mx\nmx AAAA {MAILBOX_V6}\n"),
    Situation(
        "M16",
        "the better exchange does not exist, the other is usable",
        "partly.com",
        f"@ MX 10 gone\n@ MX 20 mx\nmx A {SECOND_MAILBOX}\n",
    ),
    Situation("M17", "null MX", "null.com", f"@ MX 0 .\n@ A {MAILBOX}\n"),
    Situation("M18", 'MX "." at preference 10', "dot.com", f"@ MX 10 .\n@ A {MAILBOX}\n"),
    Situation(
        "M19", "a null MX beside a real exchange", "both.com", f"@ MX 0 .\n@ MX 10 mx\nmx A {MAILBOX}\n", apart="unable"
    ),
    Situation("M20", "every exchange is NXDOMAIN", "dead.com", f"@ MX 10 gone\n@ MX 20 away\n@ A {MAILBOX}\n"),
    Situation("M20", "the exchange has no address", "hollow.com", '@ MX 10 mx\nmx TXT "nothing"\n'),
    Situation("M21", "the exchange's domain is not registered", "armed.com", "@ MX 10 mx.nobody-bought-it.org.\n"),
    Situation("M22", "the exchange's nameservers fail", "unsettled.com", "@ MX 10 mx.failing.com.\n"),
    Situation(
        "M22b",
        "one exchange does not exist, the other's nameservers fail",
        "torn.com",
        "@ MX 10 gone\n@ MX 20 mx.failing.com.\n",
    ),
    Situation("M23", "the exchange is a CNAME", "alias.com", f"@ MX 10 mx\nmx CNAME real\nreal A {MAILBOX}\n"),
    Situation(
        "M24", "the exchange is a CNAME that leads back to itself", "round.com", "@ MX 10 a\na CNAME b\nb CNAME a\n"
    ),
    Situation("M24b", "the exchange is a CNAME to nothing", "dangling.com", "@ MX 10 mx\nmx CNAME gone\n"),
    Situation("M25", "the exchange is a dotted quad", "quad.com", f"@ MX 10 {MAILBOX}.\n"),
    Situation("M26", "the exchange is localhost", "local.com", f"@ MX 0 localhost.\n@ A {MAILBOX}\n"),
    Situation("M27", "the exchange resolves to 127.0.0.1", "loop.com", "@ MX 10 mx\nmx A 127.0.0.1\n"),
    Situation(
        "M26b",
        "a loopback address before the usable exchange",
        "home.com",
        f"@ MX 10 self\n@ MX 20 mx\nself A 127.0.0.1\nmx A {MAILBOX}\n",
        apart="unable",
    ),
    Situation("M27", "the exchange resolves to another loopback address", "looped.com", "@ MX 10 mx\nmx A 127.0.0.9\n"),
    Situation("M28", "the exchange has a private address", "private.com", "@ MX 10 mx\nmx A 10.1.2.3\n"),
    Situation("M28", "the exchange has a shared address (CGNAT)", "shared.com", "@ MX 10 mx\nmx A 100.64.0.9\n"),
    Situation("M28", "the exchange has a link-local address", "link.com", "@ MX 10 mx\nmx A 169.254.1.1\n"),
    Situation(
        "M29",
        "a private and a global exchange",
        "mixed.com",
        f"@ MX 10 in\n@ MX 20 out\nin A 192.168.7.7\nout A {MAILBOX}\n",
    ),
    Situation("M30", "the exchange has 127.0.53.53", "collision.com", "@ MX 10 mx\nmx A 127.0.53.53\n"),
    Situation("M31", "the exchange is under .invalid", "special.com", "@ MX 10 mx.nowhere.invalid.\n"),
    Situation("M39", "the exchange has an underscore", "under.com", f"@ MX 10 m_x\nm_x A {MAILBOX}\n"),
    Situation("M39b", "the exchange's label begins with a hyphen", "hyphen.com", f"@ MX 10 -mx\n-mx A {MAILBOX}\n"),
    Situation(
        "M40",
        "27 exchanges that do not exist before a usable one",
        "many.com",
        "".join(f"@ MX {number} gone{number}\n" for number in range(27)) + f"@ MX 50 mx\nmx A {MAILBOX}\n",
    ),
    Situation("M41", "no exchange, a global A", "implicit.com", f"@ A {MAILBOX}\n"),
    Situation("M42", "no exchange, a global AAAA only", "implicit6.com", f"@ AAAA {MAILBOX_V6}\n"),
    Situation("M43", "no exchange, a private A only", "inside.com", "@ A 192.168.7.7\n"),
    Situation("M43", "no exchange, a loopback A only", "selfish.com", "@ A 127.0.0.1\n"),
    Situation(
        "M46",
        "a host that is a CNAME to a name with an exchange",
        "mail.web.com",
        "mail CNAME plain.com.\nvoid CNAME null.com.\nhome CNAME implicit.com.\naway CNAME nobody-has-it.com.\n"
        "bare CNAME bare.com.\nlost CNAME failing.com.\n",
        domain="web.com",
    ),
    Situation("M46", "a host that is a CNAME to a name with a null MX", "void.web.com", domain="web.com"),
    Situation("M47", "a host that is a CNAME to a name with an address only", "home.web.com", domain="web.com"),
    Situation("M48", "a host that is a CNAME to nothing", "away.web.com", domain="web.com"),
    Situation("M48", "a host that is a CNAME to a name without records", "bare.web.com", domain="web.com"),
    Situation("M48", "a host that is a CNAME to a name whose nameservers fail", "lost.web.com", domain="web.com"),
    Situation("M50", "a host below a DNAME", "mail.moved.com", "@ DNAME target.com.\n", domain="moved.com"),
    Situation(
        "M51", "any host under a wildcard MX", "any.wild.com", f"* MX 10 mx\nmx A {MAILBOX}\n", domain="wild.com"
    ),
    Situation("M52", "any host under a wildcard address", "any.wildly.com", f"* A {MAILBOX}\n", domain="wildly.com"),
    Situation(
        "M53", "any host under a wildcard null MX", "any.tame.com", f"* MX 0 .\nwww A {MAILBOX}\n", domain="tame.com"
    ),
    Situation("M53", "a host with an address of its own under it", "www.tame.com", domain="tame.com"),
    Situation(
        "M54", "a suffix that answers for any name", "nobody-has-it.cm", domain="cm", suffix_records=f"* A {MAILBOX}"
    ),
    Situation(
        "M55",
        "a suffix with a wildcard MX",
        "nobody-has-it.om",
        domain="om",
        suffix_records=f"* MX 10 mx.nic.om.\nmx.nic.om. A {MAILBOX}",
    ),
    Situation(
        "M57", "a top-level domain with an exchange", "il", suffix_records=f"@ MX 10 mx.nic.il.\nmx.nic.il. A {MAILBOX}"
    ),
    Situation(
        "M57b",
        "a public suffix of two labels with an exchange",
        "gov.ug",
        suffix_records=f"@ MX 10 mx.nic.gov.ug.\nmx.nic.gov.ug. A {MAILBOX}",
    ),
    Situation("M61", "an IDN with an exchange", "xn--rmy-qed.com", f"@ MX 10 mx\nmx A {MAILBOX}\n"),
)
