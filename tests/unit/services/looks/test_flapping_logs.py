"""Logs that flap: each gain they were made to hold is told, and what comes and goes is not."""

import pytest

from tests.fakes.flapping_log import flapping_log, write
from tools import replay, replay_score


async def is_told_rightly(tmp_path, **options):
    log = flapping_log(**options)
    deltas, gains = write(log, tmp_path)
    result = replay_score.score(await replay.replay(deltas), gains)
    assert result["gains"] == len(log.gains)
    assert result["precision"] >= 0.97, result["false"]
    assert result["recall"] >= 0.97, result["missed"]
    assert result["recall_by_the_log"] >= 0.97
    assert result["losses_without_ground"] == []


async def test_a_log_that_flaps_is_told_rightly(tmp_path):
    await is_told_rightly(tmp_path, seed=7, days=80, of_each=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 6))
async def test_logs_that_flap_for_a_year_are_told_rightly(tmp_path, seed):
    await is_told_rightly(tmp_path, seed=seed, days=365, of_each=4)
