"""`POST /policy:check`: the answer that a mail server would get, over HTTP."""

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ENDPOINTS, ApiClient, make_parts
from tests.fakes.policy_client import bench
from watcher.api.app import make_app
from watcher.core.blocking.answer import Action, PolicyRules

PATH = "/api/v1/policy:check"


async def test_it_says_what_the_policy_service_would(tmp_path):
    async with bench(tmp_path, PolicyRules(mode=Action.REJECT)) as made:
        await made.see("army.ml", "army.mil")
        parts = make_parts(made.world, recipient_policy=made.policy)
        async with TestServer(make_app(parts, ENDPOINTS)) as server, ClientSession() as session:
            api = ApiClient(server, session)
            refused = await api.post(PATH, {"recipient": "bob@army.ml"})
            assert refused.status == 200
            assert refused.json == {
                "action": "reject",
                "sentence": "army.ml is a lookalike of army.mil. Did you mean bob@army.mil?",
                "intended": "bob@army.mil",
                "reply": "550 5.1.2 army.ml is a lookalike of army.mil. Did you mean bob@army.mil?",
            }
            passed = await api.post(PATH, {"recipient": "bob@army.mil"})
            assert passed.json == {"action": "pass", "sentence": "", "intended": None, "reply": "DUNNO"}
            assert (await api.post(PATH, {})).status == 400
        assert made.actions == []


async def test_where_no_policy_is(tmp_path):
    async with (
        bench(tmp_path) as made,
        TestServer(make_app(make_parts(made.world), ENDPOINTS)) as server,
        ClientSession() as session,
    ):
        assert (await ApiClient(server, session).post(PATH, {"recipient": "bob@army.ml"})).status == 404
