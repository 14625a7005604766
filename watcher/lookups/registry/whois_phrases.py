"""The phrases by which WHOIS servers say what kind of reply theirs is, in the languages they use.

Every expression is searched in one line whose names and addresses are masked (`whois_mask`). None repeats inside a
repetition, so a line cannot make it slow.
"""

import re
from typing import Final

_QUANTITY: Final = (
    r"(?:limit|quota|rate|allowance|frequency|threshold|maximum|number of (?:queries|requests|connections|lookups))"
)

THROTTLED: Final = re.compile(
    r"wait(?: for)?(?: at least)? \d+[ -]?(?:s\b|sec|min|hour)|too (?:many|much|frequent|fast|quick)"
    r"|too often"
    rf"|{_QUANTITY}\b.{{0,80}}\b(?:exceed|reach|too (?:fast|high|frequent)|used up|exhausted|overr?un|over\b)"
    rf"|(?:exceeded|exceeding|exceeds|reached|over|beyond|above|surpassed)\b.{{0,60}}\b(?:{_QUANTITY}|allowed)"
    r"|(?:max(?:imum)?|allowed) (?:\w+ )?(?:quer|request|lookup|connection)\w*.{0,40}(?:exceed|reach)"
    r"|only \d+ (?:request|quer|lookup|connection)\w* (?:per|each|every|in)|\d+ (?:request"
    r"|quer)\w* per \w+ (?:is|are) allowed"
    r"|try (?:it )?again (?:later|in|after)|(?:retry|come back) (?:later|in|after)|request(?:s)? denied"
    r"|connection refused"
    r"|access (?:has been |was |is )?(?:temporarily )?(?:denied|control limit|blocked|restricted|refused"
    r"|forbidden|suspended)"
    r"|(?:ip|address|addresses|host|client|network|\byou)\b(?: \S{1,40})? (?:is|are|has been|have been"
    r"|was|were) (?:\w+ )?(?:\w+ )?"
    r"(?:blocked|banned|blacklisted|blocklisted|throttled|denied|rejected|suspended|black[- ]listed|restricted)"
    r"|(?:ip|address)\b.{0,40}\b(?:blocked|banned|blacklisted|blocklisted|denied|refused)"
    r"|(?:blocked|banned|blacklisted|blocklisted|denied)\b.{0,40}\b(?:ip|your address|the-address)"
    r"|blacklisted|blocklisted|throttl(?:ed|ing)|temporarily (?:blocked|denied|banned|restricted)"
    r"|please (?:slow down|go away|stop|wait|leave)|slow (?:it )?down|go away"
    r"|leave (?:at least )?\d+|at least \d+[ -]?(?:second|sec\b|minute)"
    r"|(?:requests?|queries|lookups?|connections?) (?:of|from|by) (?:this|your|the) (?:client|host|ip|address"
    r"|network)s?\b.{0,40}\b(?:not"
    r"|denied|refused|blocked)"
    r"|request (?:is )?(?:denied|blocked|rejected|refused|dropped)|(?:query|queries|lookups?) (?:is |are "
    r"|was |were |has been |have been )?(?:denied|blocked|refused|rejected|dropped)"
    r"|not (?:permitted|allowed|authori[sz]ed|entitled) to (?:query|access|use|connect|perform|make)"
    r"|not authori[sz]ed (?:ip|host|client|for)|unauthori[sz]ed (?:ip|access|host|client|request)|permission denied"
    r"|grace period.{0,20}\d|flood|abus(?:e|ive) (?:detected|of (?:this|the) (?:service|server))"
    r"|(?:excessive|suspicious|automated) (?:\w+ )?(?:quer|request|access|use)\w*.{0,20}(?:detected|blocked|denied)"
    r"|denied.{0,20}excessive"
    r"|daily (?:\w+ )?(?:limit|quota)|hourly (?:\w+ )?(?:limit|quota)|per[- ](?:day|hour|minute) (?:limit|quota)"
    r"|demasiadas (?:consultas|solicitudes)|l[ií]mite de consultas|excedi(?:do|ó)|excedeu|trop de requ[eê]tes"
    r"|quota.{0,20}d[eé]pass|limite.{0,20}(?:d[eé]pass|atteint)|zu viele (?:anfragen|abfragen)|anfragelimit"
    r"|превыш|слишком (?:много|часто)|查询(?:过于|太)?频繁|超过.{0,10}(?:限制|次数)|アクセス制限",
    re.IGNORECASE,
)
"""The server asks us to slow down, or refuses us."""

MAYBE_THROTTLED: Final = re.compile(
    r"excessive (?:query|querying|queries|requests|access)|quer(?:y|ies) rate|rate[- ]limit(?:ed|ing)?"
    r"|ip addresses +authori[sz]ed|query frequency|fair use|(?:please|kindly) try (?:it )?again",
    re.IGNORECASE,
)
"""The same, in words that terms of use say as well: they count only where nothing else was said."""

UNAVAILABLE: Final = re.compile(
    r"(?:temporarily|currently|momentarily|presently) (?:\w+ )?(?:unavailable|down|offline"
    r"|out of (?:service|order)|disabled|closed|unreachable)"
    r"|(?:server|service|database|system|registry|backend|whois|engine)\b(?: \w+)? (?:is |are "
    r"|was )?(?:currently |temporarily )?(?:too |very )?(?:busy|down\b|unavailable"
    r"|offline|overloaded|not available|not responding|unreachable|(?:under|in) maintenance|disabled"
    r"|closed|shut ?down)"
    r"|(?:scheduled|under|undergoing|for|in|planned) maintenance|maintenance (?:mode|window|in progress)"
    r"|internal (?:\w+ )?error|database (?:\w+ )?(?:error|failure)|backend (?:\w+ )?(?:error|failure)"
    r"|(?:system|server|fatal|unexpected|general|unknown|application|socket|sql|runtime|service) (?:error"
    r"|failure|exception)"
    r"|(?:unable|failed|failure) to (?:\w+ )?(?:process|complete|connect|query|contact|open|read|retrieve"
    r"|access|fetch|establish|execute|perform|handle)"
    r"|(?:could(?: ?not|n['’]?t)|can(?: ?not|['’]?t)|did(?: ?not|n['’]?t)) (?:\w+ )?(?:process|connect"
    r"|contact|complete|open|reach|access|handle|execute|retrieve|be processed|be completed|be reached)"
    r"|(?:query|request|connection|lookup|operation|command|transaction) (?:has |was )?(?:failed"
    r"|timed? ?out|aborted)|(?:an )?error (?:has |have )?(?:occurr?ed|happened)|\btimed? ?out\b"
    r"|connection (?:to \S{1,40} )?(?:was )?(?:lost|closed|reset|error|failed|failure)|out of memory"
    r"|no (?:free|available) connections?"
    r"|please wait a while|55000000010|^(?:http/[\d.]+ )?50\d (?:internal|bad|service|gateway|server)"
    r"|service (?:discontinued|retired|has been (?:discontinued|retired|shut))"
    r"|no (?:longer|more) (?:available|in service|supported)|servicio no disponible|service indisponible"
    r"|dienst.{0,20}nicht verf[uü]gbar|сервис (?:временно )?недоступен|временно недоступ",
    re.IGNORECASE,
)
"""The server could not answer."""

INVALID: Final = re.compile(
    r"invalid (?:input|query(?! or domain name not known)|characters?|domain|request|object|parameter"
    r"|argument|syntax|name|pattern|format|tld|search|key|option"
    r"|command)|status: *invalid\b"
    r"|contravenes|too few parts|(?:domain|name|syntax|query|request|format) (?:name )?(?:is |was "
    r"|entered is )?(?:invalid|malformed|incorrect|wrong|ill-formed)"
    r"|malformed|syntax error|bad (?:query|request|syntax)|(?:is )?not a valid|(?:must|should) (?:be|have"
    r"|contain|consist) (?:at least|between|no more)|unsupported (?:query|domain|tld|request|suffix)"
    r"|(?:status: *)?this query is|^(?:status: *)?not (?:a )?valid|illegal (?:character|query|domain"
    r"|name)|unrecogni[sz]ed (?:query|command|tld|domain)|unknown (?:query|command|option|tld|suffix|top)"
    r"|incorrect (?:domain|query|syntax|format)|parameter value syntax|no such (?:tld|suffix|top|zone|command)|usage:"
    r"|dominio no v[aá]lido|nombre de dominio inv[aá]lido|nom de domaine invalide|ung[uü]ltig",
    re.IGNORECASE,
)
"""The server does not take the name."""

MAYBE_INVALID: Final = re.compile(
    r"only accepts(?! (?:exact|direct))|solo acepta|(?:tld|domain|suffix|zone|query|object"
    r"|extension) (?:type )?(?:is )?not supported|(?:has )?no whois server|not (?:served|hosted"
    r"|handled) (?:by|here)"
    r"|^not allowed",
    re.IGNORECASE,
)
"""The same, in words that boilerplate has as well: they count only where no "not found" was said."""

_NO: Final = (
    r"(?:match(?:es|ing)?|data|entr(?:y|ies)|records?|objects?|results?|informations?|found|info\b|answer|domains?|hits?"
    r"|such (?:domain|name|object|entry|record)|whois (?:data|record|information|entry)|registration)"
)
NOT_FOUND: Final = re.compile(
    rf"\bno (?:(?!longer|such|more)\w+ ){{0,2}}{_NO}\b(?! (?:is |are |will be )?(?:guarante|warrant|liab|respons))"
    r"|\b(?:not?|never)[ _-]?found\b|object_not_found|[a-z0-9]not ?found|no_se_encontro|no existe"
    r"|no (?:ha sido |fue |se )?encontr|nincs tal|nicht gefunden|nicht registriert|niet gevonden"
    r"|no (?:se encuentra |est[aá] |esta )?registrado|n[aã]o (?:foi )?(?:encontrad|registrad)"
    r"|pas (?:[eé]t[eé] )?(?:enregistr|trouv)|n['’]existe pas|aucun(?:e)? (?:objet|domaine|r[eé]sultat"
    r"|correspondance|enregistrement|entr[eé]e)"
    r"|non (?:[eè] )?(?:registrato|trovato)|nie (?:zarejestrowan|znaleziono|istnieje)"
    r"|nen[ií] (?:registrov|zaregistr)|nenalezen|ei l[oö]ytynyt|inte registrera|hittades inte"
    r"|ikke (?:registrer|fundet|funnet)|bulunamad|kay[iı]tl[iı] de[gğ]il"
    r"|не (?:зарегистрирован|найден|существует)|не знайдено|не зареєстрован|未找到|没有找到|未注册|沒有|查無|見つかり"
    r"|登録されていま|存在しません|該当するデータがありません"
    r"|^(?:there is )?no information (?:was |is )?(?:available )?(?:found )?(?:about|for|on)\b"
    r"|\bnot (?:been |yet |currently |a )?regist(?:e)?red\b|^not known|not known (?:in|to|by)"
    r"|name not known|\bunregistered\b|\bunassigned\b"
    r"|(?:does|do|did)(?: ?not|n['’]?t) (?:currently |yet )?exist\b|non[- ]?existent (?:domain|name"
    r"|object)|(?:could|can|did|was)?(?: ?not|n['’]?t) (?:be )?(?:find|found|locate|located)\b"
    r"|(?:do(?:es)?)(?: not|n['’]?t) have (?:an entry|any data|any entry|any record|a record)"
    r"|(?:do(?:es)?)(?: not|n['’]?t) match any|did not match|nothing found|(?:domain|name"
    r"|object) (?:is )?unknown\b|unknown domain\b|nenhum (?:registro|resultado|objeto)|non enregistr"
    r"|status ?: ?(?:free|available)\.?$|zero (?:results|matches|records)|\b0 (?:results?|matches"
    r"|objects?|records?|entries)\b(?! of)|not available in our whois database|not (?:in|listed in"
    r"|present in|available in) (?:our|the|this) (?:whois )?(?:database|registry|register)"
    r"|returned 0 objects"
    r"|not (?:managed|maintained|administered) by this (?:regist|server)"
    r"|^(?:the |sorry,? )?(?:domain (?:name )?)?:? ?\"? ?(?:the-name\.the-suffix"
    r"|[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}) ?\"?:? ?(?:-+ )?(?:is |appears to be |seems to be )?(?:still "
    r"|currently |not taken |possibly )?"
    r"(?:free|available|avail|vacant|unassigned)\b(?! (?:at|on|in|from|via)\b)"
    r"|^(?:is )?available for (?:registration|purchase)|(?:domain|name|it) (?:name )?(?:is |may be "
    r"|might be |appears )(?:still |currently )?(?:free|available|vacant)\b(?! (?:at|on|in|from|via)\b)"
    r"|^available\.?$|^free\.?$|^(?:domain )?vacant\.?$"
    r"|(?:domain|name) (?:status|availability)? ?[:=] ?(?:free|available)\b|you can (?:still )?register"
    r"|disponible para|est[aá] disponible|est disponible|libre para|dispon[ií]vel para|is vrij|ist frei\b"
    r"|je volná|jest wolna"
    r"|등록되어 있지 않|등록되지 않"
    r"|not delegated\.?$|no contact details",
    re.IGNORECASE,
)
"""The domain is not registered."""

NOT_FOUND_ERROR: Final = re.compile(
    r"^%?\s*error[: ]+(?:\d+[: ]+)?\s*(?:\"? ?the-name\.the-suffix ?\"?:? )?(?:the )?(?:(?:domain|object"
    r"|record|name|requested domain|entry|data)s? (?:name )?)?(?:the-name\.the-suffix )?"
    r"(?:was |is |were |could |has |does )?(?:not (?:be )?(?:been )?(?:found|registered|exist)"
    r"|no (?:entries|entry|matches|match|records?|data|objects?|results?)(?: were| was)?(?: found"
    r"| for .{0,40})?)"
    r"(?: in (?:the |our )?(?:whois )?(?:database|registry|register"
    r"|.{0,20}source\(s\)))?(?: for the selected source\(s\))?[.! ]*$",
    re.IGNORECASE,
)
"""The few error lines that say no more than "not registered", as RIPE's software writes them."""

ERROR_LINE: Final = re.compile(
    r"^(?:%+ *)?(?:-?\d{1,4}: *)?(?:err(?:or|eur)?|fehler|fout|failed|exception|fatal)\b", re.IGNORECASE
)

RESERVED: Final = re.compile(
    r"\breserved (?:by|name|domain|for|word|list|string|term)|(?:is|are|name|been|or is|domain"
    r"|was) (?:\w+ )?reserved\b|^reserved\b(?! by law|\.$)|^restricted\b"
    r"|restricted (?:from|domain|name|list|word)|(?:usage|registration|name|policy) restrictions? (?:appl"
    r"|on this)|restrictions? applied|domain (?:name )?not available(?! in)|^(?:the |this )?(?:domain"
    r"|name) (?:\S+ ){0,2}(?:is"
    r"|name) (?:not |un)available(?! in)"
    r"|not available for (?:\w+ level )?(?:registration|general|purchase)|not (?:be )?(?:available|open"
    r"|eligible|permitted|allowed) (?:for|to be) regist|^(?:the |this )?(?:domain|name|string"
    r"|label) .{0,80}\bis (?:prohibited|forbidden|blocked|restricted|banned|not permitted"
    r"|not registrable)|prohibited (?:string|name|domain|word)"
    r"|can(?: ?not|['’]?t) be (?:\w+ )?(?:registered|delegated|assigned|ordered|purchased)"
    r"|may not be (?:\w+ )?registered|(?:un|non-?|not )registrable|not registerable|unregist[er]+able"
    r"|^blocked\b|registry[- ](?:reserved|blocked|restricted)|premium (?:domain|name|string|price)"
    r"|platinum (?:domain|name)|name is (?:not allowed|blocked|restricted|prohibited)"
    r"|not open for registration|dpml|brand protection|protected marks list|(?:uni )?eps\b.{0,40}(?:block"
    r"|subscri|protect)|subscribes to the|adultblock|globalblock|trademark(?:ed)? (?:block|protect|claim)"
    r"|blocked (?:by|due|for|domain|name|from|under)"
    r"|unassignable|in the (?:reserved|blocked|restricted|prohibited) list|on (?:a|the) (?:reserved"
    r"|blocked|block|restricted|prohibited) list|withheld from|name collision|collision (?:block|list)"
    r"|reservado|r[eé]serv[eé]\b|reserviert|gereserveerd|gesperrt|zarezerwowan|зарезервирован|予約|保留|예약",
    re.IGNORECASE,
)
"""The registry keeps the name back."""

STATUS_INVALID: Final = re.compile(r"(?:invalid|not allowed|500 |this whois server does not)", re.IGNORECASE)
STATUS_RESERVED: Final = re.compile(
    r"(?:domain |name |registry )?(?:reserved|unassignable|prohibited|restricted|blocked|premium"
    r"|unavailable|not registrable|withheld|withdrawn|forbidden|banned"
    r"|reservado|r[eé]serv[eé]|保留|予約)",
    re.IGNORECASE,
)
STATUS_NOT_FOUND: Final = re.compile(
    r"(?:domain (?:name )?(?:is )?)?(?:free|available|avail|no object found|not[ _]?registered"
    r"|not[ _]?found|no[ _]match|unregistered|unassigned"
    r"|220 available|does not exist|not delegated|vacant|nonexistent|no entr|not exist|disponible|libre"
    r"|no registrado|no existe)\b",
    re.IGNORECASE,
)
STATUS_REGISTERED: Final = re.compile(
    r"(?:active|activ[eo]|ok|registered|registrado|enregistr|assigned|connect(?:ed)?|delegated|published"
    r"|paid|in use|inactive|registriert|granted|allocated|taken|occupied|live|enabled|approved|verified"
    r"|valid"
    r"|client\w*|server\w*|in (?:quarantine|service|redemption)|quarantine|redemption|pending\w*|hold"
    r"|on hold|suspended|suspendido|locked|expired|excluded|200 active|not available|auto ?renew"
    r"|add ?period|complete|normal|current"
    r"|no[_ -]?(?:zone|hold)|transfer|renew|billing|deactivated|disabled|frozen|cancel|deleted"
    r"|to be (?:deleted|suspended|released))\b",
    re.IGNORECASE,
)
