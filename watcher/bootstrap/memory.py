"""The garbage collector of a process that answers all day."""

import asyncio
import gc

_TABLES_ARE_READ = 60.0  # seconds after the start


def keep_for_good() -> None:
    """Take what lives now out of the collector's rounds, and once more when the first sweep has read its tables.

    Tables and code live as long as the process. A full round over them takes up to 0.2 s, in which nobody is answered.
    """
    _freeze()
    asyncio.get_running_loop().call_later(_TABLES_ARE_READ, _freeze)


def _freeze() -> None:
    gc.collect()
    gc.freeze()
