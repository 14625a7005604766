"""One careful look at one name: the inquiry driven through a resolver, then judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Protocol

from watcher.core.mail.dns import Answer, Question, RRType
from watcher.core.mail.filters import beside_filter, may_be_filtered, suspects, unsettled_by_filter
from watcher.core.mail.findings import Observation
from watcher.core.mail.inquiry import InquiryContext, KnownAnswers, inquire
from watcher.core.mail.look import Look
from watcher.core.mail.operators import MailOperators
from watcher.core.mail.probing import Prober, flags_of, to_be_probed
from watcher.core.mail.reading import Surroundings
from watcher.core.mail.verdict import Ability, Check, Flag, JudgeContext, Owner, judge, unite
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Authorities, Clock, Existence, Resolver
from watcher.core.registration.facts import RegistrationFacts, is_held, is_registered, own_facts
from watcher.core.states.close_look import carried
from watcher.core.states.mail_state import sighted
from watcher.services.looks.shared_answers import RememberedAnswers, SharedQuestions
from watcher.services.looks.undelegated import UndelegatedLabels

_LABEL_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LookOptions:
    """The options of a look: how it is taken, and by what it is judged.

    `avoid`: resolvers to leave out where there are others (the confirming read). `fresh`: use nothing remembered.
    `posture`, `recheck_suffix`: as in `InquiryContext`. `probe`: ask the mail server of an able name too. `owner`: who
    the lookalike may belong to. `registration`: what its registry said of it. `expects_mail`: it stood able, or
    was seen so: what a filter may have answered is then asked for at its own nameservers.
    """

    avoid: frozenset[str] = frozenset()
    fresh: bool = False
    posture: bool = False
    recheck_suffix: bool = False
    probe: bool = False
    expects_mail: bool = False
    owner: Owner | None = None
    registration: RegistrationFacts | None = None

    @property
    def alone(self) -> bool:
        """Return whether nothing that other looks heard is used."""
        return self.fresh or bool(self.avoid)

    def judged(self, name: Fqdn, surroundings: Surroundings, probed: tuple[Flag, ...] = ()) -> JudgeContext:
        """Return all that the verdict on `name` rests on beside the observation, a parent's registration apart."""
        owner = self.owner or Owner()
        facts = own_facts(self.registration, surroundings.suffixes.registrable_domain(name))
        if facts is None:
            return JudgeContext(surroundings, owner, probed=probed)
        servers = frozenset(facts.nameservers)
        holder, registered = facts.registrant_organisation, is_registered(facts)
        return JudgeContext(surroundings, owner, is_held(facts), servers, holder, probed, registered)


USUAL = LookOptions()


class Looker(Protocol):
    """The part of `Examiner` that services need for a look."""

    async def look(self, name: Fqdn, options: LookOptions = USUAL) -> Look:
        """Return the observation and the verdict."""
        ...


class Examiner:
    """Looks at names, one at a time or many at once; answers that names share are asked for once a sweep.

    `random_label` makes a label that nobody can have registered or foreseen; a new one is drawn every hour.
    `prober` asks mail servers, only in looks that say so. `recheck_suffixes`: how often the root is asked again about a
    top-level label that the bundled list lacks (M04); None: only in looks that say so. `authorities`: confirming looks
    read the zone at its own nameservers. `own_servers`: the same, asked only where the resolvers do not do: for want of
    a second voice among `several` resolvers, or where a filter may be speaking.
    """

    def __init__(
        self,
        resolver: Resolver,
        clock: Clock,
        suffixes: Suffixes,
        checks: Sequence[Check],
        random_label: Callable[[], str],
        *,
        operators: MailOperators | None = None,
        prober: Prober | None = None,
        recheck_suffixes: timedelta | None = None,
        authorities: Authorities | None = None,
        own_servers: Authorities | None = None,
        several: bool = False,
    ) -> None:
        self._resolver = resolver
        self._clock = clock
        self._suffixes = suffixes
        self._checks = checks
        self._random_label = random_label
        self._operators = operators or MailOperators()
        self._prober = prober
        self._authorities = authorities
        self._own_servers = own_servers
        self._several = several
        self._undelegated = None if recheck_suffixes is None else UndelegatedLabels(clock, suffixes, recheck_suffixes)
        self._remembered = RememberedAnswers(clock)
        self._shared = SharedQuestions(resolver)
        self._label: tuple[str, datetime] | None = None

    @property
    def labels_found(self) -> frozenset[str]:
        """The top-level labels that the bundled list lacks and the root turned out to delegate."""
        return frozenset() if self._undelegated is None else frozenset(self._undelegated.found)

    async def look(self, name: Fqdn, options: LookOptions = USUAL) -> Look:
        """Return the observation and the verdict; never raises for what the DNS did.

        Where there are authorities a look that avoids a resolver is taken at each of them, united.
        """
        surroundings = Surroundings(self._suffixes, self._operators, self._probe_label())
        known: KnownAnswers = {} if options.alone else self._remembered
        recheck = options.recheck_suffix or (self._undelegated is not None and self._undelegated.due(name))
        context = InquiryContext(surroundings, self._clock.now(), known, options.posture, recheck)
        judged = options.judged(name, surroundings)
        if options.avoid and self._authorities is not None:
            at_source = await self._at_source(self._authorities, name, context, judged, options.avoid)
            if at_source is not None:
                return at_source
        observation = await self._drive(name, context, options.avoid, alone=options.alone)
        if recheck and self._undelegated is not None:
            self._undelegated.heard(observation)
        look = Look(observation, judge(observation, self._checks, judged))
        look = await self._with_other_views(look, context, judged, options)
        target = to_be_probed(look.verdict) if options.probe and self._prober is not None else None
        if target is None or self._prober is None:
            return look
        exchange, address = target
        probed = await self._prober.probe(name, exchange.host, address)
        judged = replace(judged, probed=flags_of(probed.outcome))
        return Look(look.observation, judge(look.observation, self._checks, judged), probed)

    def unanswered(self, name: Fqdn, existence: Existence, *, owner: Owner | None = None) -> Look:
        """The look at a name of whose domain an existence sweep learnt nothing; nothing is asked."""
        now = self._clock.now()
        surroundings = Surroundings(self._suffixes, self._operators, self._probe_label())
        answer = Answer(Question(existence.name, RRType.MX), existence.outcome, existence.resolver, now)
        domain, suffix = self._suffixes.registrable_domain(name), self._suffixes.public_suffix(name)
        observation = Observation(name, domain, suffix, (answer,), now)
        return Look(observation, judge(observation, self._checks, JudgeContext(surroundings, owner or Owner())))

    async def _with_other_views(
        self, look: Look, context: InquiryContext, judged: JudgeContext, options: LookOptions
    ) -> Look:
        """The look, or that of others where it adds no voice to a confirmation, or where a filter may have spoken."""
        name, verdict = look.observation.name, look.verdict
        heard = sighted(name, verdict, look.observation.attempted_at).resolvers
        if may_be_filtered(verdict):
            return await self._beside_filter(look, context, judged, options)
        lacks_a_voice = verdict.ability is not Ability.UNKNOWN and options.avoid and heard <= options.avoid
        if self._own_servers is None or not self._several or not lacks_a_voice:
            return look
        return await self._at_source(self._own_servers, name, context, judged, options.avoid) or look

    async def _beside_filter(
        self, look: Look, context: InquiryContext, judged: JudgeContext, options: LookOptions
    ) -> Look:
        """M62: what the name's own nameservers say, where mail is expected; else what other resolvers say."""
        name, seen = look.observation.name, look.verdict
        heard = suspects(seen)
        other = None
        if options.expects_mail and self._own_servers is not None:
            other = await self._at_source(self._own_servers, name, context, judged, heard)
            if other is not None and other.verdict.ability is not Ability.ABLE:
                return other
        if other is None:
            observation = await self._drive(name, context, heard, alone=True)
            other = Look(observation, judge(observation, self._checks, judged))
        if other.verdict.ability is Ability.ABLE:
            return Look(other.observation, beside_filter(other.verdict, seen))
        if options.expects_mail and self._own_servers is not None:
            return Look(look.observation, unsettled_by_filter(seen))
        return look

    async def _at_source(
        self,
        authorities: Authorities,
        name: Fqdn,
        context: InquiryContext,
        judged: JudgeContext,
        avoid: frozenset[str],
    ) -> Look | None:
        """Take one look at each of the zone's own nameservers, united; None where none of them settled it.

        One server at a time: what two of them say in turns neither of them may mean (M13).
        """
        async with authorities.of(name) as servers:
            read = [await self._drive(name, context, avoid, alone=True, resolver=server) for server in servers]
        verdicts = [judge(observation, self._checks, judged) for observation in read]
        if all(verdict.ability is Ability.UNKNOWN for verdict in verdicts):
            return None
        return Look(read[0], reduce(unite, verdicts))

    async def confirm(self, first: Look, *, owner: Owner | None = None) -> Look:
        """Look again by another resolver where there is one; the verdict unites both reads (M13, M38)."""
        seen = first.observation
        heard = sighted(seen.name, first.verdict, seen.attempted_at).resolvers
        second = await self.look(seen.name, LookOptions(avoid=heard, fresh=True, owner=owner))
        return Look(second.observation, unite(first.verdict, carried(second.verdict, first.verdict)), first.probed)

    def reconsider(self, look: Look, options: LookOptions) -> Look:
        """Return the same look judged with what the registry said; nothing is asked."""
        surroundings = Surroundings(self._suffixes, self._operators, self._probe_label())
        probed = () if look.probed is None else flags_of(look.probed.outcome)
        return replace(
            look,
            verdict=judge(look.observation, self._checks, options.judged(look.observation.name, surroundings, probed)),
        )

    async def _drive(
        self,
        name: Fqdn,
        context: InquiryContext,
        avoid: frozenset[str],
        *,
        alone: bool,
        resolver: Resolver | None = None,
    ) -> Observation:
        inquiry = inquire(name, context)
        answers: Sequence[Answer] | None = None
        while True:
            try:
                questions = next(inquiry) if answers is None else inquiry.send(answers)
            except StopIteration as finished:
                observation: Observation = finished.value
                return observation
            if alone:
                answers = await (resolver or self._resolver).ask(questions, avoid=avoid)
            else:
                answers = await self._shared.ask(questions)
            for answer in answers if resolver is None else ():
                self._remembered.keep(answer)

    def _probe_label(self) -> str:
        now = self._clock.now()
        if self._label is None or self._label[1] <= now:
            self._label = (self._random_label(), now + _LABEL_LIFE)
        return self._label[0]
