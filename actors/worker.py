"""The module that `dramatiq actors.worker` loads: the broker, built from the settings in the environment.

`stepgraph worker` is the same with processes that are replaced when they die. Dramatiq's own command line sets how many
messages a process takes ahead from `dramatiq_queue_prefetch`: it should be the number of threads.
"""

import dramatiq

from stepgraph.processes.worker import worker_broker
from stepgraph.settings import load_settings

broker = worker_broker(load_settings())
dramatiq.set_broker(broker)
