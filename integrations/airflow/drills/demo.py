"""
Shows Airflow with two agents: ``airflow standalone`` on SQLite, the example Dag from trigger to logs, its grid and the connection's form.

usage: drills/demo.py [FOLDER WITH THE PROGRAMS]

The pictures go to integrations/airflow/docs; PICTURES= in the environment names another folder.
"""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys

from browser import Browser
from rig import HERE, Agents, Airflow, await_that, done, programs, scratch

PICTURES = pathlib.Path(os.environ.get("PICTURES", HERE.parent / "docs"))
EXAMPLE = HERE.parent / "src" / "airflow_provider_agentd" / "example_dags" / "example_agentd.py"
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def title(text):
    print(f"\n{BOLD}{text}{PLAIN}")


def main():
    with scratch("demo") as folder:
        title("1. Two agents, and the connector certificate that Airflow has")
        agents = Agents(folder, programs(), ["agent01", "agent02"])
        agents.start()
        print(f"agent01 on 127.0.0.1:{agents.ports['agent01']}, agent02 on 127.0.0.1:{agents.ports['agent02']}")
        airflow = Airflow(folder, {}, {})
        shutil.copy(EXAMPLE, airflow.dags)
        try:
            show(agents, airflow)
        finally:
            for process in airflow.processes.values():
                process.send_signal(signal.SIGINT)
                process.wait()
            agents.stop()


def show(agents, airflow):
    title("2. airflow standalone, on SQLite")
    print("$ airflow standalone")
    with open(airflow.home / "standalone.log", "wb") as log:
        airflow.processes["api-server"] = subprocess.Popen(
            airflow.command("standalone"), env=airflow.environment, stdout=log, stderr=log
        )
    await_that("Airflow", 180, airflow._answers, every=1)
    print(f"its user interface is http://127.0.0.1:{airflow.port}")

    title("3. A connection for each")
    for conn_id, agent in (("agentd_default", "agent01"), ("agentd_second", "agent02")):
        text = agents.connection(agent, server_name="localhost")
        print(f"$ airflow connections add {conn_id} --conn-json {shlex.quote(text)}")
        done(*airflow.command("connections", "add", conn_id, "--conn-json", text), env=airflow.environment)
        connection = airflow.ask("GET", f"/connections/{conn_id}")
        tested = airflow.ask(
            "POST",
            "/connections/test",
            json={**connection, "connection_id": conn_id, "extra": json.dumps(json.loads(text)["extra"])},
        )
        print(f"  Test: {tested['message'][:110]}")
        if not tested["status"]:
            raise SystemExit(tested["message"])

    title("4. The example Dag, from trigger to logs")
    print("$ airflow dags trigger example_agentd --run-id demo")
    airflow.trigger("example_agentd", "demo")
    state = airflow.await_run("example_agentd", "demo", 300)
    for (task, index), found in sorted(airflow.tasks("example_agentd", "demo").items()):
        name = task if index < 0 else f"{task} [{index}]"
        print(f"  {name:<16} {found['state']}, try {found['try_number']}")
        for tried in range(1, found["try_number"] + 1):
            for entry in airflow.shown_log("example_agentd", "demo", task, tried, index):
                if "agentd" in entry.get("logger", ""):
                    print("    | " + entry["event"].replace("\n", "\n    | "))
    print(f"the run: {state}")

    title("5. Pictures")
    pictures(airflow)
    if state != "success":
        raise SystemExit(1)


def pictures(airflow):
    address = f"http://127.0.0.1:{airflow.port}"
    browser = Browser(1100, 640)
    try:
        browser.open(f"{address}/auth/token/login?next={address}/dags/example_agentd/runs/demo")
        browser.shows("everywhere")
        browser.picture(PICTURES / "grid.png")
        browser.open(f"{address}/connections")
        browser.shows("agentd_default")
        row = "[...document.querySelectorAll('tr')].find(row => row.innerText.includes('agentd_default'))"
        browser.size(1000, 1120)
        browser.click(f"{row}?.querySelector('[aria-label=\"Edit Connection\"]')")
        browser.click("[...document.querySelectorAll('button')].find(button => button.innerText == 'Extra Fields')")
        browser.shows("Root CA")
        browser.picture(PICTURES / "connection.png")
    finally:
        browser.close()
    for name in ("grid.png", "connection.png"):
        print(f"{PICTURES / name}: {(PICTURES / name).stat().st_size} bytes")


main()
