"""The PyPI exaroton client against the simulator: does what an operator does and prints what it saw as JSON.

CLIENT: the folder that holds the client, unchanged. HOST, TOKEN: where the simulator is and its token; the client's `host`
argument points it there.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.environ["CLIENT"])
from exaroton import Exaroton  # noqa: E402

# Reached only by a failure.
DEADLINE_S = 25

exa = Exaroton(os.environ["TOKEN"], host=f"http://{os.environ['HOST']}/v1")


def reach(server_id, status):
    """Reads the server until it has a status."""
    began = time.monotonic()
    while exa.get_server(server_id).status != status:
        if time.monotonic() - began > DEADLINE_S:
            raise SystemExit(f"too late: {status}")


seen = {}
account = exa.get_account()
seen["account"] = {"name": account.name, "credits": account.credits}
servers = exa.get_servers()
seen["servers"] = [{"id": server.id, "name": server.name, "status": server.status} for server in servers]
server_id = next(server.id for server in servers if server.name == "weekend")
seen["ramBefore"] = exa.get_server_ram(server_id)
seen["ramSet"] = exa.set_server_ram(server_id, 6)
seen["log"] = exa.get_server_logs(server_id)
seen["ops"] = exa.add_player_to_list(server_id, "ops", ["Pypi"])
seen["properties"] = len(exa.get_file_data(server_id, "server.properties"))
# This client has no errors: it returns the answer as it is.
seen["stopOffline"] = exa.stop(server_id)
seen["start"] = exa.start(server_id)
seen["startAgain"] = exa.start(server_id)
reach(server_id, "Online")
exa.command(server_id, "say hello from pypi")
seen["pools"] = []
for pool in exa.get_credit_pools():
    seen["pools"].append(
        {
            "id": pool.id,
            "name": pool.name,
            "credits": pool.credits,
            "members": [member.name for member in exa.get_credit_pool_members(pool.id)],
            "servers": [server.name for server in exa.get_credit_pool_servers(pool.id)],
        }
    )
seen["stop"] = exa.stop(server_id)
reach(server_id, "Offline")
print(json.dumps(seen))
