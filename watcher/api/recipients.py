"""`POST /policy:check`: what a mail server would be told about a recipient, for gear that speaks HTTP."""

from typing import Annotated, Any

from pydantic import Field

from watcher.api import models
from watcher.api.endpoints import AnyEndpoint, Call, Endpoint, Input, Nothing
from watcher.api.problems import not_found
from watcher.services.names.tokens import Scope


class AskedRecipient(Input):
    """The address that mail is about to go to."""

    recipient: Annotated[str, Field(max_length=2048, description="As it stands in RCPT TO")]


async def judged(call: Call[Nothing, AskedRecipient]) -> Any:
    """Judge the recipient. Nothing is stored or counted, and no sender is asked; `ask`: the policy service would."""
    policy = call.parts.recipient_policy
    if policy is None:
        raise not_found("a policy in this process")
    answer = await policy.judge(call.body.recipient)
    return {
        "action": answer.action.value,
        "sentence": answer.sentence,
        "intended": answer.intended,
        "reply": answer.reply,
    }


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/v1/policy:check",
        judged,
        "What a mail server is told about a recipient",
        "policy",
        Nothing,
        AskedRecipient,
        models.PolicyAnswer,
        (Scope.READ,),
        errors=(404,),
    ),
)
