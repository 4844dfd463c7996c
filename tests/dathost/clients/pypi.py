"""The PyPI dathost client against the simulator: does what an operator does and prints what it saw as JSON.

CLIENT: the folder that holds the client, unchanged. URL, EMAIL, PASSWORD: where the simulator is and its login. The client
has no option for another address; its routes are public text attributes, which are set before it is used.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.environ["CLIENT"])
import dathost  # noqa: E402
from dathost import exceptions, routes  # noqa: E402
from dathost.settings import ServerSettings  # noqa: E402

# Reached only by a failure.
DEADLINE_S = 25
OLD = "https://dathost.net/api/0.1"

for route in (routes.ACCOUNT, routes.CUSTOM_DOMAINS, routes.SERVER):
    for name in dir(route):
        value = getattr(route, name)
        if isinstance(value, str) and value.startswith(OLD):
            setattr(route, name, value.replace(OLD, os.environ["URL"]))
routes.SERVER._upload = os.environ["URL"] + "/game-servers/{}/files/{}"

seen = {}
with dathost.Blocking(os.environ["EMAIL"], os.environ["PASSWORD"]) as client:
    account = client.account()
    seen["account"] = {"email": account.email, "credits": account.credits}
    seen["domains"] = list(client.domains())
    servers = {model.name: (model, server) for model, server in client.servers()}
    seen["servers"] = sorted(servers)
    model, scrim = servers["scrim"]
    seen["cost"] = [model.cost_per_hour, model.max_cost_per_month, model.on]
    scrim.start()
    began = time.monotonic()
    while True:
        now = scrim.get()
        if now.on and not now.booting:
            break
        if time.monotonic() - began > DEADLINE_S:
            raise SystemExit("too late: it does not boot")
    scrim.console_send("status")
    seen["console"] = scrim.console_retrive(lines=5)
    seen["maps"] = [played.map for played in scrim.metrics().maps()]
    seen["files"] = sorted(model.path for model, _ in scrim.files(path="cfg"))
    scrim.file("notes.txt").upload(b"from pypi")
    seen["upload"] = scrim.file("notes.txt").dowload().decode()
    scrim.sync()
    copy_model, copy = scrim.duplicate()
    seen["copy"] = [copy_model.on, copy_model.duplicate_source_server == model.server_id]
    scrim.stop()
    seen["off"] = scrim.get().on
    copy.update(ServerSettings(name="from pypi", user_data="pypi:1", autostop=True, autostop_minutes=7))
    changed = copy.get()
    seen["changed"] = [changed.name, changed.user_data, changed.autostop, changed.autostop_minutes]
    made_model, made = client.create_server(ServerSettings(name="voice", location="stockholm").teamspeak(slots=10))
    seen["made"] = [made_model.name, made_model.game, made_model.teamspeak.slots]
    for server in (copy, made):
        server.delete()
    try:
        copy.get()
    except exceptions.NotFound:
        seen["gone"] = True
print(json.dumps(seen))
